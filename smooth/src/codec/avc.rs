//! AVC: parameter sets, ITU-T H.264 7.3.2.1, and `avcC`, ISO/IEC 14496-15 5.3.3.

use super::bits::Bits;
use super::nal;
use crate::boxes::cursor::{Cursor, Writer};
use crate::text::{concat, hex_encode};

const SPS: u8 = 7;
const PPS: u8 = 8;

/// What an AVC decoder needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Sequence parameter sets; at least one, each of at least 4 bytes.
    pub sps: Vec<Vec<u8>>,
    /// Picture parameter sets; at least one.
    pub pps: Vec<Vec<u8>>,
    /// Bytes of the length before each NAL unit of a sample: 1, 2 or 4.
    pub nal_length: u8,
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
}

impl Config {
    /// Reads `CodecPrivateData`: parameter sets with start codes. `nal_length` other than 1 and 2 stands
    /// for 4. Width and height are those of the first parameter set; 0 if it cannot be read that far.
    #[must_use]
    pub fn read(private_data: &[u8], nal_length: u16) -> Option<Self> {
        let (mut sps, mut pps) = (Vec::new(), Vec::new());
        for unit in nal::units(private_data) {
            match unit.first().map(|header| header & 0x1f) {
                Some(SPS) => sps.push(unit.to_vec()),
                Some(PPS) => pps.push(unit.to_vec()),
                _ => {}
            }
        }
        let nal_length = if nal_length == 1 || nal_length == 2 { nal_length as u8 } else { 4 };
        Self::new(sps, pps, nal_length)
    }

    /// Reads the payload of an `avcC` box.
    #[must_use]
    pub fn read_record(record: &[u8]) -> Option<Self> {
        let mut fields = Cursor::new(record, "avcC");
        let [1, _, _, _, length] = fields.array() else { return None };
        let mut sets = |mask: u8| {
            let mut sets = Vec::new();
            for _ in 0..fields.u8() & mask {
                let len = fields.u16();
                sets.push(fields.take(len.into()).to_vec());
            }
            sets
        };
        let (sps, pps) = (sets(0x1f), sets(0xff));
        fields.end().ok()?;
        Self::new(sps, pps, (length & 3).saturating_add(1))
    }

    fn new(sps: Vec<Vec<u8>>, pps: Vec<Vec<u8>>, nal_length: u8) -> Option<Self> {
        let fits = |set: &Vec<u8>| set.len() <= usize::from(u16::MAX);
        if sps.len() > 31 || pps.len() > 255 || pps.is_empty() || !sps.iter().chain(&pps).all(fits) {
            return None;
        }
        if sps.iter().any(|set| set.len() < 4) {
            return None;
        }
        let (width, height) = Sps::read(sps.first()?).map_or((0, 0), |sps| (sps.width, sps.height));
        Some(Self { sps, pps, nal_length, width, height })
    }

    /// The payload of `avcC`, with the fields that High profiles add where they can be read.
    #[must_use]
    pub fn record(&self) -> Vec<u8> {
        let mut out = Writer::default();
        let [profile, compatibility, level] = self.profile();
        out.put(&[1, profile, compatibility, level, 0xfc | (self.nal_length.saturating_sub(1) & 3)]);
        for (sets, reserved) in [(&self.sps, 0xe0), (&self.pps, 0)] {
            out.u8(reserved | u8::try_from(sets.len()).unwrap_or(0));
            for set in sets {
                out.u16(u16::try_from(set.len()).unwrap_or(0));
                out.put(set);
            }
        }
        if let Some(sps) = self.sps.first().and_then(|set| Sps::read(set)).filter(|sps| sps.high) {
            out.put(&[0xfc | sps.chroma_format, 0xf8 | sps.luma_depth, 0xf8 | sps.chroma_depth, 0]);
        }
        out.finish()
    }

    /// The form of `CodecPrivateData`: parameter sets behind start codes.
    #[must_use]
    pub fn private_data(&self) -> Vec<u8> {
        nal::join(self.sps.iter().chain(&self.pps))
    }

    /// Pictures in 1000 seconds, as the timing information of the first parameter set says
    /// (ITU-T H.264 E.1.1). `None` if it has none, or one that makes no sense.
    #[must_use]
    pub fn frame_rate(&self) -> Option<u64> {
        let (units, scale) = Usability::read(self.sps.first()?)?.timing?;
        let doubled = u64::from(scale).saturating_mul(1000).checked_div(units.into())?;
        let rate = doubled.saturating_add(1) / 2;
        (1000..=300_000).contains(&rate).then_some(rate)
    }

    /// By how many pictures decoding runs ahead of showing at most, `max_num_reorder_frames` of the first
    /// parameter set. `None` if it does not say.
    #[must_use]
    pub fn reorder_frames(&self) -> Option<u32> {
        Usability::read(self.sps.first()?)?.reorder_frames
    }

    /// RFC 6381: profile, compatibility and level in hex.
    pub(super) fn codec_string(&self) -> String {
        concat(&["avc1.", &hex_encode(&self.profile())])
    }

    /// Profile, compatibility flags and level of the first parameter set.
    fn profile(&self) -> [u8; 3] {
        match self.sps.first().map(Vec::as_slice) {
            Some(&[_, profile, compatibility, level, ..]) => [profile, compatibility, level],
            _ => [0; 3],
        }
    }
}

/// What we want of a sequence parameter set.
struct Sps {
    /// One of the profiles with chroma format and bit depths.
    high: bool,
    chroma_format: u8,
    /// Bits per luma sample, minus 8.
    luma_depth: u8,
    chroma_depth: u8,
    width: u32,
    height: u32,
}

impl Sps {
    /// Reads the NAL unit, header byte included.
    fn read(unit: &[u8]) -> Option<Self> {
        let payload = nal::unescape(unit.get(1..)?);
        Self::parse(&mut Bits::new(&payload))
    }

    /// Reads up to the flag that says whether there is usability information.
    fn parse(bits: &mut Bits<'_>) -> Option<Self> {
        const HIGH: [u32; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];
        let profile = bits.bits(8);
        bits.skip(16);
        bits.ue();
        let high = HIGH.contains(&profile);
        let (mut chroma_format, mut separate_planes, mut luma_depth, mut chroma_depth) = (1, false, 0, 0);
        if high {
            chroma_format = bits.ue();
            separate_planes = chroma_format == 3 && bits.flag();
            luma_depth = bits.ue();
            chroma_depth = bits.ue();
            bits.skip(1);
            if bits.flag() {
                skip_scaling_matrix(bits, if chroma_format == 3 { 12 } else { 8 });
            }
        }
        if chroma_format > 3 || luma_depth > 6 || chroma_depth > 6 {
            return None;
        }
        bits.ue();
        match bits.ue() {
            0 => {
                bits.ue();
            }
            1 => {
                bits.skip(1);
                bits.ue();
                bits.ue();
                let count = bits.ue();
                if count > 255 {
                    return None;
                }
                for _ in 0..count {
                    bits.ue();
                }
            }
            _ => {}
        }
        bits.ue();
        bits.skip(1);
        let columns = bits.ue().checked_add(1)?;
        let rows = bits.ue().checked_add(1)?;
        let frames_only = bits.bits(1);
        if frames_only == 0 {
            bits.skip(1);
        }
        bits.skip(1);
        let fields = 2_u32.checked_sub(frames_only)?;
        let mut crop = [0_u32; 4];
        if bits.flag() {
            for side in &mut crop {
                *side = bits.ue();
            }
        }
        bits.end()?;
        let subsampled = if separate_planes { 0 } else { chroma_format };
        let (unit_x, unit_y) = match subsampled {
            1 => (2, 2),
            2 => (2, 1),
            _ => (1, 1),
        };
        let [left, right, top, bottom] = crop;
        let size = |blocks: u32, fields: u32, unit: u32, a: u32, b: u32| {
            let whole = blocks.checked_mul(16)?.checked_mul(fields)?;
            whole.checked_sub(a.checked_add(b)?.checked_mul(unit)?.checked_mul(fields)?)
        };
        Some(Self {
            high,
            chroma_format: chroma_format as u8,
            luma_depth: luma_depth as u8,
            chroma_depth: chroma_depth as u8,
            width: size(columns, 1, unit_x, left, right)?,
            height: size(rows, fields, unit_y, top, bottom)?,
        })
    }
}

/// What we want of the video usability information, ITU-T H.264 E.1.1.
struct Usability {
    /// Units in a tick and ticks in a second; two ticks are a picture.
    timing: Option<(u32, u32)>,
    reorder_frames: Option<u32>,
}

impl Usability {
    /// Reads it from a parameter set, header byte included; `None` if that has none.
    fn read(unit: &[u8]) -> Option<Self> {
        const EXTENDED_SAR: u32 = 255;
        const MOST_FRAMES: u32 = 16;
        let payload = nal::unescape(unit.get(1..)?);
        let mut bits = Bits::new(&payload);
        Sps::parse(&mut bits)?;
        if !bits.flag() {
            return None;
        }
        if bits.flag() && bits.bits(8) == EXTENDED_SAR {
            bits.skip(32);
        }
        if bits.flag() {
            bits.skip(1);
        }
        if bits.flag() {
            bits.skip(4);
            if bits.flag() {
                bits.skip(24);
            }
        }
        if bits.flag() {
            bits.ue();
            bits.ue();
        }
        let timing = bits.flag().then(|| {
            let timing = (bits.bits(32), bits.bits(32));
            bits.skip(1);
            timing
        });
        let has_schedule = skip_schedule(&mut bits) | skip_schedule(&mut bits);
        bits.skip(if has_schedule { 2 } else { 1 });
        let reorder_frames = bits.flag().then(|| {
            bits.skip(1);
            for _ in 0..4 {
                bits.ue();
            }
            bits.ue()
        });
        bits.end()?;
        Some(Self { timing, reorder_frames: reorder_frames.filter(|&frames| frames <= MOST_FRAMES) })
    }
}

/// Skips `hrd_parameters()`, ITU-T H.264 E.1.2, behind the flag that says whether they are there.
fn skip_schedule(bits: &mut Bits<'_>) -> bool {
    let is_there = bits.flag();
    if is_there {
        let last = bits.ue();
        bits.skip(8);
        for _ in 0..=last.min(31) {
            bits.ue();
            bits.ue();
            bits.skip(1);
        }
        bits.skip(20);
    }
    is_there
}

/// ITU-T H.264 7.3.2.1.1.1, for each of `lists` lists.
fn skip_scaling_matrix(bits: &mut Bits<'_>, lists: u32) {
    for list in 0..lists {
        if !bits.flag() {
            continue;
        }
        let (mut last, mut next) = (8_i64, 8_i64);
        for _ in 0..if list < 6 { 16 } else { 64 } {
            if next != 0 {
                next = last.wrapping_add(bits.se()) & 0xff;
            }
            if next != 0 {
                last = next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boxes::tests::hex;

    #[test]
    fn the_example_of_the_reference() {
        let data = hex("000000016742c01eda0280bfe5400000000168ce3c80");
        let config = Config::read(&data, 4).unwrap();
        assert_eq!((config.width, config.height), (640, 360));
        assert_eq!(config.record(), hex("0142c01effe1000a6742c01eda0280bfe54001000468ce3c80"));
        assert_eq!(config.codec_string(), "avc1.42C01E");
        assert_eq!(config.private_data(), data);
        assert_eq!(Config::read_record(&config.record()), Some(config));
    }

    #[test]
    fn short_start_codes_and_other_reference_idcs() {
        let config = Config::read(&hex("0000012742c01eda0280bfe540 00000128ce3c80"), 2).unwrap();
        assert_eq!((config.nal_length, config.height), (2, 360));
        assert_eq!(config.codec_string(), "avc1.42C01E");
    }

    #[test]
    fn a_picture_whose_height_is_not_whole_blocks() {
        // 426x240 and 854x480, Main profile, from ffmpeg
        for (sps, width, height) in [
            ("674D4015ECA0D8FF27FF80D580D5080000030008000003019078B16CB0", 426, 240),
            ("674D401EECA06C1EF37808800000030080000019078B16CB", 854, 480),
        ] {
            let unit = hex(sps);
            let sps = Sps::read(&unit).unwrap();
            assert_eq!((sps.width, sps.height, sps.high), (width, height, false));
            let config = Config::new(vec![unit], vec![vec![0x68]], 4).unwrap();
            assert_eq!((config.frame_rate(), config.reorder_frames()), (Some(25_000), Some(2)));
        }
    }

    #[test]
    fn no_parameter_set_is_too_strange() {
        let sound = hex("674D401EECA06C1EF37808800000030080000019078B16CB");
        let read = |unit: &[u8]| {
            let config = Config::new(vec![unit.to_vec()], vec![vec![0x68]], 4);
            config.and_then(|config| config.frame_rate().zip(config.reorder_frames()))
        };
        assert!(read(&sound).is_some());
        for at in 0..sound.len() {
            let _ = read(&sound[..at]);
            for value in 0..=u8::MAX {
                let mut other = sound.clone();
                other[at] = value;
                assert!(read(&other).is_none_or(|(rate, frames)| rate >= 1000 && frames <= 16));
            }
        }
    }

    #[test]
    fn nothing_without_both_parameter_sets() {
        for data in [
            "",
            "00000001",
            "000000016742c01eda0280bfe540",
            "0000000168ce3c80",
            "0000000167420000000168ce",
            "01",
        ] {
            assert_eq!(Config::read(&hex(data), 4), None, "{data}");
        }
    }
}
