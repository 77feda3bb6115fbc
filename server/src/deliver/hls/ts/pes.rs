//! Headers of PES packets, ITU-T H.222.0 2.4.3.6.

use super::packet::TIME_BITS;

/// A header, at most 19 bytes.
pub(super) struct Header {
    bytes: [u8; 19],
    len: usize,
}

impl std::ops::Deref for Header {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Before one picture of `len` bytes.
pub(super) fn video(pts: u64, dts: u64, len: usize) -> Header {
    header(0xe0, pts, (pts != dts).then_some(dts), len)
}

/// Before frames of `len` bytes.
pub(super) fn audio(pts: u64, len: usize) -> Header {
    header(0xc0, pts, None, len)
}

fn header(stream: u8, pts: u64, dts: Option<u64>, len: usize) -> Header {
    let times = if dts.is_some() { 10 } else { 5 };
    // A picture may be longer than the field can say: 0.
    let [high, low] = u16::try_from(3 + times + len).unwrap_or(0).to_be_bytes();
    let mut bytes = [0; 19];
    // data_alignment_indicator: an access unit begins here
    bytes[..9].copy_from_slice(&[0, 0, 1, stream, high, low, 0x84, 0x80, times as u8]);
    match dts {
        Some(dts) => {
            bytes[7] = 0xc0;
            bytes[9..14].copy_from_slice(&time(3, pts));
            bytes[14..].copy_from_slice(&time(1, dts));
        }
        None => bytes[9..14].copy_from_slice(&time(2, pts)),
    }
    Header { bytes, len: 9 + times }
}

/// 33 bits in 5 bytes, a marker after every group.
const fn time(prefix: u8, time: u64) -> [u8; 5] {
    let t = time & TIME_BITS;
    [
        prefix << 4 | (t >> 29) as u8 & 0x0e | 1,
        (t >> 22) as u8,
        (t >> 14) as u8 | 1,
        (t >> 7) as u8,
        (t << 1) as u8 | 1,
    ]
}
