//! Decoder configurations and codec strings.
//!
//! Standards: [MS-SSTR] 2.2.2.5 (FourCC, CodecPrivateData), RFC 6381 (codec strings), ISO/IEC 14496-15
//! (AVC, HEVC), ISO/IEC 14496-3 (AAC), ETSI TS 102 366 (E-AC-3), W3C TTML.

#![warn(clippy::indexing_slicing)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub mod aac;
pub mod avc;
mod bits;
pub mod ec3;
pub mod hevc;
mod nal;

use crate::manifest::{Kind, QualityLevel, Reason};
use crate::text::{concat, is_any};

/// A codec with what its decoder needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Codec {
    /// H.264.
    Avc(avc::Config),
    /// H.265.
    Hevc(hevc::Config),
    /// AAC-LC, HE-AAC and HE-AAC v2.
    Aac(aac::Config),
    /// Dolby Digital Plus.
    Ec3(ec3::Config),
    /// TTML documents.
    Ttml,
}

impl Codec {
    /// Reads what `level` of a stream of `kind` and `subtype` is coded with. Forgiving where packagers
    /// deviate: FourCC in any spelling, or absent on audio; AAC without private data; start codes of
    /// three bytes; a WAVEFORMATEX before the config.
    ///
    /// # Errors
    ///
    /// [`Reason::UnsupportedCodec`] with the FourCC (or what stands for it) if no browser plays it,
    /// [`Reason::BadPrivateData`] if the private data lacks what the decoder needs.
    pub fn from_level(kind: Kind, level: &QualityLevel, subtype: &str) -> Result<Self, Reason> {
        let data = level.private_data.as_slice();
        let fourcc = named(kind, level, subtype);
        // Tables of words: a pattern is a comparison for each in the player's code.
        let codec = match (kind, fourcc.as_str()) {
            (Kind::Video, word) if is_any(word, &["H264", "AVC1", "X264", "DAVC", ""]) => {
                avc::Config::read(data, level.nal_length).map(|mut config| {
                    (config.width, config.height) = picture(level, config.width, config.height);
                    Self::Avc(config)
                })
            }
            (Kind::Video, word) if is_any(word, &["HVC1", "HEV1", "HEVC", "H265"]) => {
                hevc::Config::read(data, level.nal_length).map(|mut config| {
                    (config.width, config.height) = picture(level, config.width, config.height);
                    Self::Hevc(config)
                })
            }
            (Kind::Audio, word) if is_any(word, &["AACL", "AAC", "MP4A", "AACH", "AACP"]) => {
                let profile = match fourcc.as_str() {
                    "AACH" => aac::Profile::He,
                    "AACP" => aac::Profile::HeV2,
                    _ => aac::Profile::Lc,
                };
                aac::Config::read(data, profile, level.sampling_rate, level.channels).map(Self::Aac)
            }
            (Kind::Audio, word) if is_any(word, &["EC-3", "EC3", "DEC3"]) => {
                ec3::Config::read(data, level.channels, level.sampling_rate).map(Self::Ec3)
            }
            (Kind::Text, word) if is_any(word, &["TTML", "DFXP", "STPP"]) => return Ok(Self::Ttml),
            _ => return Err(Reason::UnsupportedCodec(fourcc)),
        };
        codec.ok_or(Reason::BadPrivateData)
    }

    /// What it carries.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Avc(_) | Self::Hevc(_) => Kind::Video,
            Self::Aac(_) | Self::Ec3(_) => Kind::Audio,
            Self::Ttml => Kind::Text,
        }
    }

    /// The RFC 6381 name, as `avc1.4D401F`, `hvc1.1.6.L93.B0`, `mp4a.40.2`, `ec-3`, `stpp`.
    #[must_use]
    pub fn codec_string(&self) -> String {
        match self {
            Self::Avc(config) => config.codec_string(),
            Self::Hevc(config) => config.codec_string(),
            Self::Aac(config) => config.codec_string(),
            Self::Ec3(_) => String::from("ec-3"),
            Self::Ttml => String::from("stpp"),
        }
    }

    /// What `MediaSource.isTypeSupported` and `addSourceBuffer` take, as
    /// `video/mp4; codecs="avc1.4D401F"`.
    #[must_use]
    pub fn mime(&self) -> String {
        let container = match self.kind() {
            Kind::Video => "video",
            Kind::Audio => "audio",
            Kind::Text => "application",
        };
        concat(&[container, "/mp4; codecs=\"", &self.codec_string(), "\""])
    }
}

/// The FourCC in upper case, or what stands for it: the subtype of the stream, then `AudioTag`. Audio
/// that says nothing at all is AAC.
fn named(kind: Kind, level: &QualityLevel, subtype: &str) -> String {
    let fourcc = level.fourcc.trim_ascii().to_ascii_uppercase();
    if !fourcc.is_empty() {
        return fourcc;
    }
    let subtype = subtype.trim_ascii().to_ascii_uppercase();
    match kind {
        Kind::Video => fourcc,
        Kind::Text if is_any(&subtype, &["CAPT", "SUBT", "SMPTE-TT-608", ""]) => String::from("TTML"),
        Kind::Text => subtype,
        Kind::Audio => {
            let named = match level.audio_tag {
                _ if is_any(&subtype, &["AACL", "AACH", "AACP", "WMAPRO", "EC-3"]) => &subtype,
                0 | 0xff | 0x1600..=0x1610 => "AACL",
                0x01 => "PCM",
                0x55 => "MP3",
                0x160..=0x163 => "WMAP",
                // WAVEFORMATEXTENSIBLE: the private data says which, and Dolby's is the one we know.
                0xfffe => "EC-3",
                _ => "WAVE",
            };
            String::from(named)
        }
    }
}

/// Width and height of the level; of the parameter set where the level has none.
const fn picture(level: &QualityLevel, width: u32, height: u32) -> (u32, u32) {
    if level.width == 0 || level.height == 0 { (width, height) } else { (level.width, level.height) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boxes::tests::hex;

    fn level(fourcc: &str, data: &str) -> QualityLevel {
        QualityLevel {
            fourcc: fourcc.into(),
            private_data: hex(data),
            sampling_rate: 24_000,
            channels: 2,
            nal_length: 4,
            ..QualityLevel::default()
        }
    }

    fn mime(kind: Kind, fourcc: &str, data: &str) -> Result<String, Reason> {
        Codec::from_level(kind, &level(fourcc, data), "").map(|codec| codec.mime())
    }

    const AVC: &str = "000000016742c01eda0280bfe5400000000168ce3c80";

    #[test]
    fn names_for_media_source() {
        let ok = |text: &str| Ok(String::from(text));
        for fourcc in ["H264", "avc1", "X264", "DAVC", ""] {
            assert_eq!(mime(Kind::Video, fourcc, AVC), ok("video/mp4; codecs=\"avc1.42C01E\""));
        }
        assert_eq!(mime(Kind::Audio, "AACL", "1190"), ok("audio/mp4; codecs=\"mp4a.40.2\""));
        assert_eq!(mime(Kind::Audio, "", ""), ok("audio/mp4; codecs=\"mp4a.40.2\""));
        assert_eq!(mime(Kind::Audio, "AACH", ""), ok("audio/mp4; codecs=\"mp4a.40.5\""));
        assert_eq!(mime(Kind::Audio, "AACP", ""), ok("audio/mp4; codecs=\"mp4a.40.29\""));
        assert_eq!(mime(Kind::Audio, "AACL", "130856e59d4880"), ok("audio/mp4; codecs=\"mp4a.40.29\""));
        assert_eq!(mime(Kind::Audio, "EC-3", "0c00200f00"), ok("audio/mp4; codecs=\"ec-3\""));
        assert_eq!(mime(Kind::Text, "TTML", ""), ok("application/mp4; codecs=\"stpp\""));
    }

    #[test]
    fn what_no_browser_plays_is_named() {
        let unsupported = |text: &str| Err(Reason::UnsupportedCodec(text.into()));
        assert_eq!(mime(Kind::Video, "WVC1", "250000010f"), unsupported("WVC1"));
        assert_eq!(mime(Kind::Audio, "WMAP", ""), unsupported("WMAP"));
        let wma = QualityLevel { audio_tag: 354, ..level("", "") };
        assert_eq!(Codec::from_level(Kind::Audio, &wma, ""), Err(Reason::UnsupportedCodec("WMAP".into())));
        assert_eq!(
            Codec::from_level(Kind::Audio, &level("", ""), "WmaPro"),
            Err(Reason::UnsupportedCodec("WMAPRO".into()))
        );
        assert_eq!(mime(Kind::Text, "JPEG", ""), unsupported("JPEG"));
        assert_eq!(mime(Kind::Video, "H264", "00000001"), Err(Reason::BadPrivateData));
        assert_eq!(mime(Kind::Audio, "EC-3", ""), Err(Reason::BadPrivateData));
    }

    #[test]
    fn the_level_says_how_large_the_picture_is_else_the_parameter_set() {
        let size = |level: &QualityLevel| match Codec::from_level(Kind::Video, level, "") {
            Ok(Codec::Avc(config)) => (config.width, config.height),
            other => panic!("{other:?}"),
        };
        assert_eq!(size(&level("H264", AVC)), (640, 360));
        assert_eq!(size(&QualityLevel { width: 641, height: 361, ..level("H264", AVC) }), (641, 361));
    }
}
