//! AAC: AudioSpecificConfig, ISO/IEC 14496-3 1.6.2.1, and what Smooth Streaming makes of it.

use super::bits::{BitWriter, Bits};
use crate::text::push_decimal;

/// AAC-LC.
pub const LC: u8 = 2;
/// SBR: HE-AAC.
pub const SBR: u8 = 5;
/// PS: HE-AAC v2.
pub const PS: u8 = 29;

/// What an AAC decoder needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The audio object type that names the codec: [`LC`], [`SBR`], [`PS`] or another one.
    pub object_type: u8,
    /// Samples per second of the core codec.
    pub core_rate: u32,
    /// Samples per second that come out: twice the core's with SBR.
    pub sampling_rate: u32,
    /// Channels that come out.
    pub channels: u16,
    /// The AudioSpecificConfig, of any length.
    pub asc: Vec<u8>,
}

/// What the FourCC promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// `AACL`, or nothing said.
    Lc,
    /// `AACH`: HE-AAC.
    He,
    /// `AACP`: HE-AAC v2.
    HeV2,
}

impl Config {
    /// Reads `CodecPrivateData`: an AudioSpecificConfig, perhaps behind a WAVEFORMATEX. Where it is empty,
    /// one is made of `sampling_rate` (Hz; for HE-AAC that of the core) and `channels` (0 stands for 2).
    ///
    /// The config decides, not the FourCC; but where the FourCC says HE-AAC and a plain AAC-LC config
    /// does not, SBR is made explicit, for browsers play at half the rate without it. A core of more than
    /// 24 kHz is left alone: it is AAC-LC with the wrong label.
    #[must_use]
    pub fn read(private_data: &[u8], profile: Profile, sampling_rate: u32, channels: u16) -> Option<Self> {
        let asc = strip_wave_format(private_data);
        if asc.is_empty() {
            return Self::synthesise(profile, sampling_rate, channels);
        }
        let config = Self::read_asc(asc)?;
        let implicit = config.object_type == LC && config.asc.len() <= 2;
        if profile == Profile::Lc || !implicit || config.core_rate > 24_000 {
            return Some(config);
        }
        let profile = if config.channels == 1 { profile } else { Profile::He };
        Self::synthesise(profile, config.core_rate, config.channels)
    }

    /// Reads an AudioSpecificConfig.
    #[must_use]
    pub fn read_asc(asc: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(asc);
        let mut object_type = read_object_type(&mut bits)?;
        let core_rate = read_rate(&mut bits)?;
        let channel_config = bits.bits(4);
        let mut sampling_rate = core_rate;
        let mut core_type = object_type;
        if object_type == SBR || object_type == PS {
            sampling_rate = read_rate(&mut bits)?;
            core_type = read_object_type(&mut bits)?;
        } else if let Some((kind, rate)) = read_extension(bits.clone(), channel_config) {
            object_type = kind;
            sampling_rate = rate;
        }
        bits.end()?;
        if core_type == 0 || core_rate == 0 || sampling_rate == 0 {
            return None;
        }
        let channels = match channel_config {
            _ if object_type == PS => 2,
            0 => 2, // told by a program config element; a hint is enough for the sample entry
            n @ 1..=6 => n as u16,
            7 | 12 | 14 => 8,
            11 => 7,
            _ => return None,
        };
        Some(Self { object_type, core_rate, sampling_rate, channels, asc: asc.to_vec() })
    }

    /// Makes a config: AAC-LC, or SBR and PS signalled explicitly (hierarchical).
    fn synthesise(profile: Profile, core_rate: u32, channels: u16) -> Option<Self> {
        if core_rate == 0 || core_rate >= 1 << 23 {
            return None;
        }
        let channels = match (profile, channels) {
            (Profile::HeV2, _) => 1,
            (_, 0) => 2,
            (_, n) => n,
        };
        let channel_config = match channels {
            1..=6 => u32::from(channels),
            8 => 7,
            _ => return None,
        };
        let object_type = match profile {
            Profile::Lc => LC,
            Profile::He => SBR,
            Profile::HeV2 => PS,
        };
        let mut out = BitWriter::default();
        out.bits(object_type.into(), 5);
        write_rate(core_rate, &mut out);
        out.bits(channel_config, 4);
        if object_type != LC {
            write_rate(core_rate.saturating_mul(2), &mut out);
            out.bits(LC.into(), 5);
        }
        out.bits(0, 3);
        Self::read_asc(&out.finish())
    }

    /// RFC 6381: MPEG-4 audio and the object type.
    pub(super) fn codec_string(&self) -> String {
        let mut codec = String::from("mp4a.40.");
        push_decimal(&mut codec, self.object_type.into());
        codec
    }
}

/// ISO/IEC 14496-3 table 1.18.
const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
/// Index that says: 24 bits with the rate follow.
const ESCAPE: u32 = 15;

fn read_object_type(bits: &mut Bits<'_>) -> Option<u8> {
    let kind = match bits.bits(5) {
        31 => bits.bits(6).saturating_add(32),
        kind => kind,
    };
    u8::try_from(kind).ok()
}

fn read_rate(bits: &mut Bits<'_>) -> Option<u32> {
    match bits.bits(4) {
        ESCAPE => Some(bits.bits(24)),
        index => RATES.get(usize::try_from(index).ok()?).copied(),
    }
}

fn write_rate(rate: u32, out: &mut BitWriter) {
    match RATES.iter().position(|&known| known == rate).and_then(|index| u32::try_from(index).ok()) {
        Some(index) => out.bits(index, 4),
        None => {
            out.bits(ESCAPE, 4);
            out.bits(rate, 24);
        }
    }
}

/// Looks for the backward compatible signalling of SBR and PS behind an AAC-LC config: object type and
/// output rate, ISO/IEC 14496-3 1.6.6.
fn read_extension(mut bits: Bits<'_>, channel_config: u32) -> Option<(u8, u32)> {
    const SBR_SYNC: u32 = 0x2b7;
    const PS_SYNC: u32 = 0x548;
    // frameLengthFlag, dependsOnCoreCoder, extensionFlag; a program config element has any length.
    bits.skip(if channel_config == 0 { 0 } else { 3 });
    loop {
        let mut ahead = bits.clone();
        let found = ahead.bits(11) == SBR_SYNC;
        ahead.end()?;
        if found {
            bits = ahead;
            break;
        }
        bits.skip(1);
    }
    if read_object_type(&mut bits)? != SBR || !bits.flag() {
        return None;
    }
    let rate = read_rate(&mut bits)?;
    bits.end()?;
    let stereo = bits.left() >= 12 && bits.bits(11) == PS_SYNC && bits.flag();
    Some((if stereo { PS } else { SBR }, rate))
}

/// The AudioSpecificConfig behind a WAVEFORMATEX, or `data` itself where there is none.
fn strip_wave_format(data: &[u8]) -> &[u8] {
    const RAW_AAC: u16 = 0x00ff;
    const HE_AAC: u16 = 0x1610;
    let Some((format, extra)) = data.split_first_chunk::<18>() else { return data };
    let &[tag_low, tag_high, .., size_low, size_high] = format;
    if usize::from(u16::from_le_bytes([size_low, size_high])) != extra.len() {
        return data;
    }
    match u16::from_le_bytes([tag_low, tag_high]) {
        RAW_AAC => extra,
        // HEAACWAVEINFO has 12 bytes more before the config.
        HE_AAC => extra.get(12..).unwrap_or(&[]),
        _ => data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boxes::tests::hex;

    fn facts(asc: &str) -> (u8, u32, u32, u16) {
        let config = Config::read_asc(&hex(asc)).unwrap();
        (config.object_type, config.core_rate, config.sampling_rate, config.channels)
    }

    #[test]
    fn every_config_of_the_reference() {
        assert_eq!(facts("1190"), (LC, 48_000, 48_000, 2));
        assert_eq!(facts("1210"), (LC, 44_100, 44_100, 2));
        assert_eq!(facts("1208"), (LC, 44_100, 44_100, 1));
        assert_eq!(facts("11b0"), (LC, 48_000, 48_000, 6));
        assert_eq!(facts("1780271010"), (LC, 20_000, 20_000, 2));
        assert_eq!(facts("2b118800"), (SBR, 24_000, 48_000, 2));
        assert_eq!(facts("131056e598"), (SBR, 24_000, 48_000, 2));
        assert_eq!(facts("2b920800"), (SBR, 22_050, 44_100, 2));
        assert_eq!(facts("139056e5a0"), (SBR, 22_050, 44_100, 2));
        assert_eq!(facts("eb098800"), (PS, 24_000, 48_000, 2));
        assert_eq!(facts("130856e59d4880"), (PS, 24_000, 48_000, 2));
        // ffmpeg's AAC-LC, which says that there is no SBR
        assert_eq!(facts("119056e500"), (LC, 48_000, 48_000, 2));
        assert_eq!(Config::read_asc(&hex("119056e500")).unwrap().asc, hex("119056e500"));
    }

    #[test]
    fn made_from_rate_and_channels() {
        let made = |profile, rate, channels| Config::read(&[], profile, rate, channels).map(|c| c.asc);
        assert_eq!(made(Profile::Lc, 48_000, 2), Some(hex("1190")));
        assert_eq!(made(Profile::Lc, 44_100, 0), Some(hex("1210")));
        assert_eq!(made(Profile::Lc, 20_000, 2), Some(hex("1780271010")));
        assert_eq!(made(Profile::He, 24_000, 2), Some(hex("2b118800")));
        assert_eq!(made(Profile::HeV2, 24_000, 2), Some(hex("eb098800")));
        assert_eq!(made(Profile::Lc, 0, 2), None);
        assert_eq!(made(Profile::Lc, 48_000, 9), None);
    }

    #[test]
    fn a_plain_config_under_an_he_aac_label_becomes_explicit() {
        let read = |asc: &str, profile| Config::read(&hex(asc), profile, 48_000, 2).unwrap().asc;
        assert_eq!(read("1310", Profile::He), hex("2b118800"));
        assert_eq!(read("1308", Profile::HeV2), hex("eb098800"));
        assert_eq!(read("1310", Profile::HeV2), hex("2b118800"));
        assert_eq!(read("1190", Profile::He), hex("1190"));
        assert_eq!(read("131056e500", Profile::He), hex("131056e500"));
        assert_eq!(read("131056e598", Profile::Lc), hex("131056e598"));
    }

    #[test]
    fn behind_a_wave_format() {
        let lc = hex("ff00020080bb0000803e00000400100002001190");
        assert_eq!(Config::read(&lc, Profile::Lc, 0, 0).unwrap().asc, hex("1190"));
        let he = hex("1016020080bb0000803e0000010010000e00 000000000000000000000000 1310");
        assert_eq!(Config::read(&he, Profile::He, 0, 0).unwrap().asc, hex("2b118800"));
        assert_eq!(Config::read(&[0xff], Profile::Lc, 0, 0), None);
    }
}
