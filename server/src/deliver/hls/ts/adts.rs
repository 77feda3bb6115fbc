//! ADTS: the header before each AAC frame, ISO/IEC 14496-3 1.A.3.2.
//!
//! It knows only the core of HE-AAC: the decoder finds SBR and PS in the frames (implicit signalling),
//! and playlists say it in `CODECS`.

use smooth::codec::aac;

/// Bytes of a header.
pub(super) const LEN: usize = 7;

/// Bytes of the longest frame, header and all.
pub(super) const LONGEST: usize = 8191;

/// What is the same for all frames of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header([u8; LEN]);

impl Header {
    /// The header for frames of `config`; `None` if two bits cannot name the object type, four the rate,
    /// or three the channels.
    #[must_use]
    pub fn new(config: &aac::Config) -> Option<Self> {
        let mut asc = config.asc.iter().fold((0_u64, 0_u32), |(bits, len), &byte| {
            if len < 64 { (bits << 8 | u64::from(byte), len + 8) } else { (bits, len) }
        });
        let mut bits = |count: u32| {
            asc.1 = asc.1.checked_sub(count)?;
            u8::try_from(asc.0 >> asc.1 & ((1 << count) - 1)).ok()
        };
        let mut object_type = bits(5)?;
        let rate = bits(4).filter(|&index| index < 13)?;
        let channels = bits(4).filter(|&channels| (1..8).contains(&channels))?;
        if object_type == aac::SBR || object_type == aac::PS {
            bits(4).filter(|&index| index < 13)?;
            object_type = bits(5)?;
        }
        let profile = object_type.checked_sub(1).filter(|&profile| profile < 4)?;
        // syncword, MPEG-4, no CRC; profile, rate, channels; fullness 0x7ff: variable rate; one frame
        let (high, low) = (channels >> 2, channels & 3);
        Some(Self([0xff, 0xf1, profile << 6 | rate << 2 | high, low << 6, 0, 0x1f, 0xfc]))
    }

    /// The header of a frame of `len` bytes; with its own they fit into 13 bits.
    pub(super) fn with(self, len: usize) -> [u8; LEN] {
        let [a, b, c, d, e, f, g] = self.0;
        let len = len + LEN;
        [a, b, c, d | (len >> 11) as u8 & 3, e | (len >> 3) as u8, f | (len << 5) as u8, g]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(asc: &[u8]) -> Option<Header> {
        Header::new(&aac::Config::read_asc(asc)?)
    }

    #[test]
    fn low_complexity_and_the_core_of_high_efficiency() {
        // 48 kHz, stereo, a frame of 200 bytes: 207 with the header.
        let lc = header(&[0x11, 0x90]).unwrap().with(200);
        assert_eq!(lc, [0xff, 0xf1, 0x4c, 0x80, 0x19, 0xff, 0xfc]);
        assert_eq!(header(&[0x11, 0x90]).unwrap().with(8184)[3..6], [0x83, 0xff, 0xff]);
        // Explicit SBR, hierarchical and backward compatible: 24 kHz, stereo.
        let core = [0xff, 0xf1, 0x58, 0x80, 0x00, 0x1f, 0xfc];
        assert_eq!(header(&[0x2b, 0x11, 0x88, 0x00]).unwrap().0, core);
        assert_eq!(header(&[0x13, 0x10, 0x56, 0xe5, 0x98]).unwrap().0, core);
        // PS: one channel in the core.
        assert_eq!(header(&[0xeb, 0x09, 0x88, 0x00]).unwrap().0[2..4], [0x58, 0x40]);
        assert_eq!(header(&[0x11, 0xb0]).unwrap().0[2..4], [0x4d, 0x80]);
    }

    #[test]
    fn what_the_header_cannot_say() {
        // A rate of its own, a program config element.
        assert_eq!(header(&[0x17, 0x80, 0x27, 0x10, 0x10]), None);
        assert_eq!(header(&[0x11, 0x80]), None);
    }
}
