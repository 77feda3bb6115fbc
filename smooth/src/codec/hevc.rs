//! HEVC: parameter sets, ITU-T H.265 7.3.2, and `hvcC`, ISO/IEC 14496-15 8.3.3.

use super::bits::Bits;
use super::nal;
use crate::boxes::cursor::{Cursor, Writer};
use crate::text::{concat, hex_encode, push_decimal};

const VPS: u8 = 32;
const SPS: u8 = 33;
const PPS: u8 = 34;

/// What an HEVC decoder needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Video parameter sets; at least one.
    pub vps: Vec<Vec<u8>>,
    /// Sequence parameter sets; at least one.
    pub sps: Vec<Vec<u8>>,
    /// Picture parameter sets; at least one.
    pub pps: Vec<Vec<u8>>,
    /// Bytes of the length before each NAL unit of a sample: 1, 2 or 4.
    pub nal_length: u8,
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    facts: Facts,
}

impl Config {
    /// Reads `CodecPrivateData`: parameter sets with start codes. `nal_length` other than 1 and 2 stands
    /// for 4.
    #[must_use]
    pub fn read(private_data: &[u8], nal_length: u16) -> Option<Self> {
        let nal_length = if nal_length == 1 || nal_length == 2 { nal_length as u8 } else { 4 };
        Self::new(nal::units(private_data), nal_length)
    }

    /// Reads the payload of an `hvcC` box.
    #[must_use]
    pub fn read_record(record: &[u8]) -> Option<Self> {
        let mut fields = Cursor::new(record, "hvcC");
        let [1] = fields.array() else { return None };
        fields.take(20);
        let nal_length = (fields.u8() & 3).saturating_add(1);
        let mut units = Vec::new();
        for _ in 0..fields.u8() {
            fields.u8();
            for _ in 0..fields.u16() {
                let len = fields.u16();
                units.push(fields.take(len.into()));
                // the count is not to be believed
                fields.end().ok()?;
            }
        }
        fields.end().ok()?;
        Self::new(units.into_iter(), nal_length)
    }

    fn new<'a>(units: impl Iterator<Item = &'a [u8]>, nal_length: u8) -> Option<Self> {
        let (mut vps, mut sps, mut pps) = (Vec::new(), Vec::new(), Vec::new());
        for unit in units.filter(|unit| unit.len() <= usize::from(u16::MAX)) {
            match unit.first().map(|header| header >> 1 & 0x3f) {
                Some(VPS) => vps.push(unit.to_vec()),
                Some(SPS) => sps.push(unit.to_vec()),
                Some(PPS) => pps.push(unit.to_vec()),
                _ => {}
            }
        }
        if vps.is_empty() || pps.is_empty() {
            return None;
        }
        let (facts, width, height) = Facts::read(sps.first()?)?;
        Some(Self { vps, sps, pps, nal_length, width, height, facts })
    }

    /// The payload of `hvcC`.
    #[must_use]
    pub fn record(&self) -> Vec<u8> {
        let facts = &self.facts;
        let mut out = Writer::default();
        out.u8(1);
        out.put(&facts.profile_tier_level);
        out.u16(0xf000);
        out.put(&[0xfc, 0xfc | facts.chroma_format, 0xf8 | facts.luma_depth, 0xf8 | facts.chroma_depth]);
        out.u16(0);
        out.u8(facts.layers << 3 | u8::from(facts.nested) << 2 | (self.nal_length.saturating_sub(1) & 3));
        out.u8(3);
        for (kind, sets) in [(VPS, &self.vps), (SPS, &self.sps), (PPS, &self.pps)] {
            out.u8(0x80 | kind);
            let count = u16::try_from(sets.len()).unwrap_or(u16::MAX);
            out.u16(count);
            for set in sets.iter().take(count.into()) {
                out.u16(u16::try_from(set.len()).unwrap_or(0));
                out.put(set);
            }
        }
        out.finish()
    }

    /// The form of `CodecPrivateData`: parameter sets behind start codes.
    #[must_use]
    pub fn private_data(&self) -> Vec<u8> {
        nal::join(self.vps.iter().chain(&self.sps).chain(&self.pps))
    }

    /// ISO/IEC 14496-15 E.3: profile, compatibility flags reversed, tier and level, constraints.
    pub(super) fn codec_string(&self) -> String {
        let [profile, compatibility @ .., a, b, c, d, e, f, level] = self.facts.profile_tier_level;
        let space = match profile >> 6 {
            1 => "A",
            2 => "B",
            3 => "C",
            _ => "",
        };
        let idc = profile & 0x1f;
        let compatibility = u32::from_be_bytes(compatibility).reverse_bits();
        let tier = if profile & 0x20 == 0 { ".L" } else { ".H" };
        let mut codec = concat(&["hvc1.", space]);
        push_decimal(&mut codec, idc.into());
        codec.push('.');
        push_hex(&mut codec, &compatibility.to_be_bytes());
        codec.push_str(tier);
        push_decimal(&mut codec, level.into());
        let mut constraints = &[a, b, c, d, e, f][..];
        while let Some((0, head)) = constraints.split_last() {
            constraints = head;
        }
        for byte in constraints {
            codec.push('.');
            push_hex(&mut codec, &[*byte]);
        }
        codec
    }
}

/// Without leading zeros.
fn push_hex(out: &mut String, bytes: &[u8]) {
    let digits = hex_encode(bytes);
    let short = digits.trim_start_matches('0');
    out.push_str(if short.is_empty() { "0" } else { short });
}

/// What `hvcC` repeats of a sequence parameter set.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Facts {
    /// Profile space, tier and profile; compatibility flags; constraint flags; level.
    profile_tier_level: [u8; 12],
    /// Temporal layers, 1..=8.
    layers: u8,
    nested: bool,
    chroma_format: u8,
    /// Bits per luma sample, minus 8.
    luma_depth: u8,
    chroma_depth: u8,
}

impl Facts {
    /// Reads a NAL unit, header of two bytes included: the facts, width and height in pixels.
    fn read(unit: &[u8]) -> Option<(Self, u32, u32)> {
        let payload = nal::unescape(unit.get(2..)?);
        let (&[first], rest) = payload.split_first_chunk()?;
        let profile_tier_level = *rest.first_chunk()?;
        let sub_layers = u32::from(first >> 1 & 7);
        let mut bits = Bits::new(rest);
        bits.skip(96);
        if sub_layers > 0 {
            let present = bits.bits(16);
            for layer in 0..sub_layers {
                // Two bits each, from the top: profile (88 bits) and level (8 bits).
                let flags = present << layer.saturating_mul(2) >> 14 & 3;
                bits.skip(if flags & 2 == 0 { 0 } else { 88 });
                bits.skip(if flags & 1 == 0 { 0 } else { 8 });
            }
        }
        bits.ue();
        let chroma_format = bits.ue();
        let separate_planes = chroma_format == 3 && bits.flag();
        let (width, height) = (bits.ue(), bits.ue());
        let mut window = [0_u32; 4];
        if bits.flag() {
            for side in &mut window {
                *side = bits.ue();
            }
        }
        let (unit_x, unit_y) = match if separate_planes { 0 } else { chroma_format } {
            1 => (2, 2),
            2 => (2, 1),
            _ => (1, 1),
        };
        let [left, right, top, bottom] = window;
        let (luma_depth, chroma_depth) = (bits.ue(), bits.ue());
        bits.end()?;
        if chroma_format > 3 || luma_depth > 7 || chroma_depth > 7 {
            return None;
        }
        let facts = Self {
            profile_tier_level,
            layers: (sub_layers as u8).saturating_add(1) & 7,
            nested: first & 1 == 1,
            chroma_format: chroma_format as u8,
            luma_depth: luma_depth as u8,
            chroma_depth: chroma_depth as u8,
        };
        let size =
            |whole: u32, unit: u32, a: u32, b: u32| whole.checked_sub(a.checked_add(b)?.checked_mul(unit)?);
        Some((facts, size(width, unit_x, left, right)?, size(height, unit_y, top, bottom)?))
    }
}
