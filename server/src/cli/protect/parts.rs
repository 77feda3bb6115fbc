//! Which bytes of a sample are encrypted, ISO/IEC 23001-7 9.5.
//!
//! Of pictures, the lengths and headers of NAL units stay clear, and the headers of slices, for decoders read
//! them before they decrypt; parameter sets and messages stay clear altogether. Slices that are too short to hold
//! much are left alone. Of sound everything is encrypted.

use smooth::manifest::QualityLevel;

/// What decides over the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    /// NAL units of AVC, each after so many bytes of length.
    Avc(usize),
    /// Those of HEVC.
    Hevc(usize),
    /// No parts.
    Other,
}

impl Codec {
    pub(super) fn of(level: &QualityLevel) -> Self {
        // A length of no bytes would never get on.
        let length = level.nal_length.max(1).into();
        match level.fourcc.to_ascii_uppercase().as_str() {
            "H264" | "AVC1" | "DAVC" | "X264" => Self::Avc(length),
            "HVC1" | "HEV1" | "HEVC" => Self::Hevc(length),
            _ => Self::Other,
        }
    }

    /// Whether the NAL unit that begins with `first` holds a slice.
    const fn is_slice(self, first: u8) -> bool {
        match self {
            Self::Avc(_) => matches!(first & 0x1f, 1..=5),
            Self::Hevc(_) => first >> 1 & 0x3f < 32,
            Self::Other => false,
        }
    }
}

/// Clear bytes at the start of a slice's NAL unit, at least: its header is shorter.
const CLEAR: usize = 96;
/// AES encrypts so many bytes at once, and parts are made of whole blocks.
const BLOCK: usize = 16;
/// Slices of a picture that are encrypted: `saiz` has one byte for the size of what is said of a sample.
const MAX_SLICES: usize = 32;
const MAX_PARTS: usize = 40;

/// Clear and encrypted bytes of `sample` in turn; none if all of it is encrypted.
pub(super) fn of(sample: &[u8], codec: Codec) -> Vec<(u16, u32)> {
    let (Codec::Avc(length) | Codec::Hevc(length)) = codec else { return Vec::new() };
    let (mut parts, mut clear, mut rest) = (Vec::new(), 0, sample);
    while let Some((len, after)) = rest.split_at_checked(length) {
        let len = len.iter().fold(0, |len, &byte| len << 8 | usize::from(byte));
        // A picture that is not sound is left as it is.
        let Some((unit, after)) = after.split_at_checked(len) else { break };
        let whole = length + len;
        let slice = unit.first().is_some_and(|&first| codec.is_slice(first)) && parts.len() < MAX_SLICES;
        let encrypted = if slice { whole.saturating_sub(CLEAR) / BLOCK * BLOCK } else { 0 };
        clear += whole - encrypted;
        if encrypted > 0 {
            push(&mut parts, clear, encrypted);
            clear = 0;
        }
        rest = after;
    }
    clear += rest.len();
    if clear > 0 {
        push(&mut parts, clear, 0);
    }
    parts
}

/// Adds a part. Clear bytes beyond what 16 bits can say go to parts before it; a part that finds no room for
/// that is encrypted whole.
fn push(parts: &mut Vec<(u16, u32)>, mut clear: usize, encrypted: usize) {
    const MOST: usize = u16::MAX as usize;
    while clear > MOST && parts.len() + 1 < MAX_PARTS {
        parts.push((u16::MAX, 0));
        clear -= MOST;
    }
    let beyond = clear.saturating_sub(MOST);
    parts.push(((clear - beyond) as u16, (encrypted + beyond) as u32));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NAL units with these first bytes and lengths.
    fn sample(units: &[(u8, usize)]) -> Vec<u8> {
        let unit = |&(first, len): &(u8, usize)| {
            let mut bytes = (len as u32).to_be_bytes().to_vec();
            bytes.push(first);
            bytes.resize(4 + len, 0);
            bytes
        };
        units.iter().flat_map(unit).collect()
    }

    #[test]
    fn headers_and_small_slices_stay_clear() {
        // SEI, a key frame, a delimiter and a small slice.
        let bytes = sample(&[(6, 20), (0x65, 1000), (9, 2), (0x41, 107), (0x41, 108)]);
        let parts = of(&bytes, Codec::Avc(4));
        assert_eq!(parts, [(24 + 108, 896), (6 + 111 + 96, 16)]);
        assert_eq!(of(&bytes, Codec::Other), []);
        // Of HEVC: an IDR slice, and a parameter set that AVC would take for a slice.
        let bytes = sample(&[(33 << 1, 500), (19 << 1, 500)]);
        assert_eq!(of(&bytes, Codec::Hevc(4)), [(504 + 104, 400)]);
        assert_eq!(of(&sample(&[(0x65, 40)]), Codec::Avc(4)), [(44, 0)]);
        assert_eq!(of(&[], Codec::Avc(4)), []);
    }

    #[test]
    fn parts_add_up_and_fit_whatever_the_sample() {
        let many = vec![(0x65, 200); 100];
        let large = [(6, 70_000), (0x65, 5_000_000), (6, 200_000)];
        let clear = [(6, 5_000_000)];
        let broken = [&sample(&[(0x65, 300)])[..], &[0xff; 9]].concat();
        for bytes in [sample(&many), sample(&large), sample(&clear), broken, vec![1, 2, 3]] {
            let parts = of(&bytes, Codec::Avc(4));
            let sum: usize = parts.iter().map(|&(c, e)| usize::from(c) + e as usize).sum();
            assert_eq!(sum, bytes.len());
            assert!(8 + 2 + 6 * parts.len() <= 255, "{}", parts.len());
        }
    }

    #[test]
    fn a_length_of_no_bytes_is_one_of_one() {
        let level = QualityLevel { fourcc: "H264".into(), nal_length: 0, ..QualityLevel::default() };
        assert_eq!(of(&[2, 0x65, 0, 9, 9], Codec::of(&level)), [(5, 0)]);
    }
}
