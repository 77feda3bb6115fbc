//! Bit fields: fixed widths and Exp-Golomb codes.

/// Reads bits, most significant first. A read past the end gives zeros and is remembered, so that a reader
/// of many fields asks once, with [`Bits::end`]: it keeps the player small.
#[derive(Clone)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// Next bit, from the start of `bytes`. Beyond its end once a field was not there.
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// `None` if any field read so far was not there.
    pub(super) const fn end(&self) -> Option<()> {
        if self.at > self.bytes.len().saturating_mul(8) { None } else { Some(()) }
    }

    pub(super) fn flag(&mut self) -> bool {
        self.bits(1) == 1
    }

    /// `count` bits, at most 32.
    #[inline(never)]
    pub(super) fn bits(&mut self, count: u32) -> u32 {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at >> 3).copied().unwrap_or(0);
            value = value << 1 | u32::from(byte >> (7 ^ (self.at & 7)) & 1);
            self.at = self.at.saturating_add(1);
        }
        value
    }

    pub(super) const fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    /// `ue(v)`, ITU-T H.264 9.1.
    #[inline(never)]
    pub(super) fn ue(&mut self) -> u32 {
        let mut zeros = 0_u32;
        while !self.flag() {
            zeros = zeros.saturating_add(1);
            if zeros > 31 {
                // No such code: as good as cut off.
                self.at = usize::MAX;
                return 0;
            }
        }
        self.bits(zeros).wrapping_add(1_u32 << zeros).wrapping_sub(1)
    }

    /// `se(v)`, ITU-T H.264 9.1.1.
    pub(super) fn se(&mut self) -> i64 {
        let code = i64::from(self.ue());
        let half = code.saturating_add(1) >> 1;
        if code & 1 == 1 { half } else { half.saturating_neg() }
    }

    /// Bits not read yet.
    pub(super) const fn left(&self) -> usize {
        self.bytes.len().saturating_mul(8).saturating_sub(self.at)
    }
}

/// Writes bits, most significant first; the last byte is filled with zeros.
#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    free: u32,
}

impl BitWriter {
    /// The low `count` bits of `value`.
    pub(super) fn bits(&mut self, value: u32, count: u32) {
        for shift in (0..count.min(32)).rev() {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            self.free = self.free.saturating_sub(1);
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> shift & 1) as u8) << self.free;
            }
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_golomb() {
        // 1, 010, 011, 00100, 00101, and a code that does not end
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        assert_eq!([bits.ue(), bits.ue(), bits.ue()], [0, 1, 2]);
        assert_eq!([bits.se(), bits.se()], [2, -2]);
        assert_eq!((bits.left(), bits.end()), (7, Some(())));
        assert_eq!((bits.ue(), bits.end()), (0, None));
        let mut none = Bits::new(&[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!((none.ue(), none.end()), (0, None));
        assert_eq!((none.bits(32), none.left(), none.end()), (0, 0, None));
        let mut longest = Bits::new(&[0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!((longest.ue(), longest.end()), (u32::MAX - 1, Some(())));
    }

    #[test]
    fn what_is_written_is_read() {
        let mut out = BitWriter::default();
        out.bits(5, 3);
        out.bits(0x1234, 13);
        out.bits(1, 1);
        let bytes = out.finish();
        assert_eq!(bytes, [0b1011_0010, 0b0011_0100, 0b1000_0000]);
        let mut bits = Bits::new(&bytes);
        assert_eq!([bits.bits(3), bits.bits(13), bits.bits(1)], [5, 0x1234, 1]);
    }
}
