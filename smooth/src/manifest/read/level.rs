//! `QualityLevel`.

use super::{number, read_custom_attributes};
use crate::{
    error::Error,
    manifest::{Kind, QualityLevel, Reason, Stream},
    text,
    xml::{Element, Reader},
};

/// Reads the level at `position` in `stream`. `fourcc` is the stream's own.
pub(super) fn read(
    reader: &mut Reader<'_>,
    element: &Element<'_>,
    position: u32,
    stream: &Stream,
    fourcc: &str,
) -> Result<Result<QualityLevel, (Option<u32>, Reason)>, Error> {
    let mut level = QualityLevel { index: position, nal_length: 4, ..QualityLevel::default() };
    let mut bitrate = None;
    let mut wave_format = Vec::new();
    for attribute in element.attributes() {
        let (name, value) = attribute?;
        match name {
            "Index" => level.index = number(&value).unwrap_or(position),
            "Bitrate" => bitrate = number(&value),
            "FourCC" => level.fourcc = self::fourcc(&value),
            // Some encoders get it wrong, and most decoders can do without: left to the codec.
            "CodecPrivateData" => level.private_data = text::hex_decode(&value).unwrap_or_default(),
            "WaveFormatEx" => wave_format = text::hex_decode(&value).unwrap_or_default(),
            "MaxWidth" => level.width = number(&value).unwrap_or(0),
            "Width" if level.width == 0 => level.width = number(&value).unwrap_or(0),
            "MaxHeight" => level.height = number(&value).unwrap_or(0),
            "Height" if level.height == 0 => level.height = number(&value).unwrap_or(0),
            "SamplingRate" => level.sampling_rate = number(&value).unwrap_or(0),
            "Channels" => level.channels = number(&value).unwrap_or(0),
            "BitsPerSample" => level.bits_per_sample = number(&value).unwrap_or(0),
            "PacketSize" => level.packet_size = number(&value).unwrap_or(0),
            "AudioTag" => level.audio_tag = number(&value).unwrap_or(0),
            "NALUnitLengthField" => level.nal_length = number(&value).unwrap_or(4),
            _ => {}
        }
    }
    while let Some(child) = reader.child(element)? {
        if child.name() == "CustomAttributes" {
            read_custom_attributes(reader, &child, &mut level.custom_attributes)?;
        }
    }
    let Some(bitrate) = bitrate else {
        return Ok(Err((None, Reason::NoBitrate)));
    };
    level.bitrate = bitrate;
    if stream.levels.iter().any(|other| other.is_at_the_address_of(&level)) {
        return Ok(Err((Some(bitrate), Reason::DuplicateLevel)));
    }
    apply_wave_format(&wave_format, &mut level);
    if level.fourcc.is_empty() {
        level.fourcc = missing_fourcc(stream, &level, fourcc).to_owned();
    }
    Ok(Ok(level))
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
    match stream.subtype.as_str() {
        codec @ ("AACL" | "AACH" | "AACP" | "WMAPRO" | "WMAP" | "WMA2" | "H264" | "AVC1" | "WVC1"
        | "HVC1") => codec,
        _ if stream.kind == Kind::Video => "",
        _ => match level.audio_tag {
            255 => "AACL",
            353 => "WMA2",
            354 => "WMAP",
            _ => "",
        },
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
