//! `QualityLevel`.

use super::fields::{attributes, number32, size, size16};
use super::read_custom_attributes;
use crate::{
    error::Error,
    manifest::{Kind, QualityLevel, Reason, Stream},
    text,
    xml::{Element, Reader},
};

/// Reads the level at `position` in `stream`, and why it is to be left out. `fourcc` is the stream's own.
pub(super) fn read(
    reader: &mut Reader<'_>,
    element: &Element<'_>,
    position: u32,
    stream: &Stream,
    fourcc: &str,
) -> Result<(QualityLevel, Option<Reason>), Error> {
    let [index, bitrate, own_fourcc, private_data, wave_format, max_width, width, max_height, height] =
        &attributes(
            element,
            &[
                "Index",
                "Bitrate",
                "FourCC",
                "CodecPrivateData",
                "WaveFormatEx",
                "MaxWidth",
                "Width",
                "MaxHeight",
                "Height",
            ],
        )?;
    let [sampling_rate, channels, bits, packet_size, audio_tag, nal_length] = &attributes(
        element,
        &["SamplingRate", "Channels", "BitsPerSample", "PacketSize", "AudioTag", "NALUnitLengthField"],
    )?;
    let bitrate = number32(bitrate);
    let larger = |max: &str, other: &str| match size(max) {
        0 => size(other),
        max => max,
    };
    let mut level = QualityLevel {
        index: number32(index).unwrap_or(position),
        bitrate: bitrate.unwrap_or(0),
        fourcc: self::fourcc(own_fourcc),
        // Some encoders get it wrong, and most decoders can do without: left to the codec.
        private_data: text::hex_decode(private_data).unwrap_or_default(),
        width: larger(max_width, width),
        height: larger(max_height, height),
        sampling_rate: size(sampling_rate),
        channels: size16(channels),
        bits_per_sample: size16(bits),
        packet_size: size(packet_size),
        audio_tag: size(audio_tag),
        nal_length: number32(nal_length).and_then(|length| u16::try_from(length).ok()).unwrap_or(4),
        custom_attributes: Vec::new(),
    };
    while let Some(child) = reader.child(element)? {
        if child.name() == "CustomAttributes" {
            read_custom_attributes(reader, &child, &mut level.custom_attributes)?;
        }
    }
    if bitrate.is_none() {
        return Ok((level, Some(Reason::NoBitrate)));
    }
    if stream.levels.iter().any(|other| other.is_at_the_address_of(&level)) {
        return Ok((level, Some(Reason::DuplicateLevel)));
    }
    apply_wave_format(&text::hex_decode(wave_format).unwrap_or_default(), &mut level);
    if level.fourcc.is_empty() {
        level.fourcc = missing_fourcc(stream, &level, fourcc).to_owned();
    }
    Ok((level, None))
}

/// A FourCC in upper case; empty if it is far too long for one.
pub(super) fn fourcc(value: &str) -> String {
    let word = value.trim_ascii();
    if word.len() > 16 { String::new() } else { word.to_ascii_uppercase() }
}

/// The FourCC of a level that has none: its stream's, else the `Subtype` where that names a codec,
/// else what `AudioTag` stands for.
fn missing_fourcc<'a>(stream: &'a Stream, level: &QualityLevel, fourcc: &'a str) -> &'a str {
    if !fourcc.is_empty() || stream.kind == Kind::Text {
        return fourcc;
    }
    const CODECS: [&str; 10] =
        ["AACL", "AACH", "AACP", "WMAPRO", "WMAP", "WMA2", "H264", "AVC1", "WVC1", "HVC1"];
    if text::is_any(&stream.subtype, &CODECS) {
        return &stream.subtype;
    }
    match level.audio_tag {
        _ if stream.kind == Kind::Video => "",
        255 => "AACL",
        353 => "WMA2",
        354 => "WMAP",
        _ => "",
    }
}

/// Takes what the level does not say itself from a `WAVEFORMATEX`, the older form of the private data:
/// 18 bytes, little-endian (tag, channels, rate, bytes per second, block align, bits, size of the
/// rest), and the decoder's configuration after them.
fn apply_wave_format(format: &[u8], level: &mut QualityLevel) {
    let Some((head, mut config)) = format.split_first_chunk::<18>() else {
        return;
    };
    let &[tag0, tag1, ch0, ch1, r0, r1, r2, r3, _, _, _, _, align0, align1, bits0, bits1, _, _] = head;
    let tag = u16::from_le_bytes([tag0, tag1]);
    // HEAACWAVEINFO has 12 bytes more.
    if tag == 0x1610 {
        config = config.get(12..).unwrap_or_default();
    }
    if level.private_data.is_empty() {
        level.private_data = config.to_vec();
    }
    if level.audio_tag == 0 {
        level.audio_tag = tag.into();
    }
    if level.channels == 0 {
        level.channels = u16::from_le_bytes([ch0, ch1]);
    }
    if level.sampling_rate == 0 {
        level.sampling_rate = u32::from_le_bytes([r0, r1, r2, r3]);
    }
    if level.packet_size == 0 {
        level.packet_size = u16::from_le_bytes([align0, align1]).into();
    }
    if level.bits_per_sample == 0 {
        level.bits_per_sample = u16::from_le_bytes([bits0, bits1]);
    }
}

impl QualityLevel {
    /// Whether fragment URLs cannot tell the two apart.
    pub(super) fn is_at_the_address_of(&self, other: &Self) -> bool {
        self.bitrate == other.bitrate && self.custom_attributes == other.custom_attributes
    }
}
