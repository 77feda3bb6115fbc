//! Smooth Streaming's own boxes: times of a fragment (`tfxd`) and of those after it (`tfrf`),
//! [MS-SSTR] 2.2.4.4 and 2.2.4.5, and the extended types of the others.

use super::cursor::{Cursor, Writer};
use crate::error::Error;
use crate::time::Span;

/// `tfxd`: start and duration of a fragment.
pub const TFXD: [u8; 16] = 0x6d1d9b05_42d5_44e6_80e2_141daff757b2_u128.to_be_bytes();
/// `tfrf`: start and duration of the fragments after it.
pub const TFRF: [u8; 16] = 0xd4807ef2_ca39_4695_8e54_26cb9e46a79f_u128.to_be_bytes();
/// Per-sample encryption data, PIFF 1.1 5.3.2.1; the ancestor of `senc`.
pub const PIFF_SAMPLE_ENCRYPTION: [u8; 16] = 0xa2394f52_5a9b_4f14_a244_6c427c648df4_u128.to_be_bytes();
/// Defaults of the encryption of a track, PIFF 1.1 5.3.3; the ancestor of `tenc`.
pub const PIFF_TRACK_ENCRYPTION: [u8; 16] = 0x8974dbce_7be7_4c51_84f9_7148f9882554_u128.to_be_bytes();
/// Header of a protection system, PIFF 1.1 5.3.1; the ancestor of `pssh`.
pub const PIFF_SYSTEM: [u8; 16] = 0xd08a4f18_10f3_4a82_b6c8_32d8aba183d3_u128.to_be_bytes();
/// The SMIL document that opens a push stream, [MS-SSTR] 2.2.7.2.
pub const LIVE_SERVER_MANIFEST: [u8; 16] = 0xa5d40b30_e814_11dd_ba2f_0800200c9a66_u128.to_be_bytes();
/// The list of the push streams of a broadcast, [MS-SSTR] 2.2.7.2.
pub const STREAM_MANIFEST: [u8; 16] = 0x3c2fe51b_efee_40a3_ae81_5300199dc348_u128.to_be_bytes();

/// Absolute start and duration of one fragment, in ticks of the track's timescale.
///
/// `time` is what stands in the box, unsigned. An encoder whose sound begins before zero (AAC priming)
/// writes a negative number in two's complement: see [`Span::signed_time`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tfxd(pub Span);

impl Tfxd {
    /// Reads the payload after the extended type. Version 0 has fields of 32 bits; any later version is
    /// read as version 1, 64 bits, and what follows them is ignored.
    ///
    /// # Errors
    ///
    /// [`Error::Incomplete`] if `payload` ends early.
    pub fn read(payload: &[u8]) -> Result<Self, Error> {
        let mut fields = Cursor::new(payload, "tfxd");
        let (version, _) = fields.version();
        let span = read_span(&mut fields, version);
        fields.end()?;
        Ok(Self(span))
    }

    /// The whole box, version 1: 44 bytes.
    pub(crate) fn put(self, out: &mut Writer) {
        let at = out.open_uuid(TFXD, 1, 0);
        out.u64(self.0.time);
        out.u64(self.0.duration);
        out.close(at);
    }

    /// The whole box, version 1: 44 bytes.
    #[must_use]
    pub fn write(self) -> Vec<u8> {
        let mut out = Writer::with_capacity(44);
        self.put(&mut out);
        out.finish()
    }
}

/// Start and duration of the fragments that follow, nearest first, in ticks of the track's timescale.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tfrf(pub Vec<Span>);

impl Tfrf {
    /// Reads the payload after the extended type. The count has one byte, whatever the prose of
    /// [MS-SSTR] says.
    ///
    /// # Errors
    ///
    /// [`Error::Incomplete`] if `payload` ends early, [`Error::Limit`] for more than `max` entries.
    pub fn read(payload: &[u8], max: usize) -> Result<Self, Error> {
        let mut fields = Cursor::new(payload, "tfrf");
        let (version, _) = fields.version();
        let count = usize::from(fields.u8());
        if count > max {
            return Err(Error::Limit { what: "look_ahead", max: max as u64 });
        }
        let mut spans = Vec::new();
        for _ in 0..count {
            spans.push(read_span(&mut fields, version));
        }
        fields.end()?;
        Ok(Self(spans))
    }

    /// The whole box, version 1. Entries beyond the 255th are left out: the count has one byte.
    pub(crate) fn put(spans: &[Span], out: &mut Writer) {
        let at = out.open_uuid(TFRF, 1, 0);
        let count = u8::try_from(spans.len()).unwrap_or(u8::MAX);
        out.u8(count);
        for span in spans.iter().take(usize::from(count)) {
            out.u64(span.time);
            out.u64(span.duration);
        }
        out.close(at);
    }

    /// The whole box, version 1. Entries beyond the 255th are left out: the count has one byte.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut out = Writer::default();
        Self::put(&self.0, &mut out);
        out.finish()
    }
}

/// Start and duration, of 64 bits each since version 1.
fn read_span(fields: &mut Cursor<'_>, version: u8) -> Span {
    Span { time: fields.uint(version > 0), duration: fields.uint(version > 0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boxes::tests::hex;

    const fn span(time: u64, duration: u64) -> Span {
        Span { time, duration }
    }

    #[test]
    fn tfxd_as_in_the_reference() {
        let bytes =
            hex("0000002c757569646d1d9b0542d544e680e2141daff757b2010000000000046d47a5e2000000000001312d00");
        let tfxd = Tfxd(span(4_867_400_000_000, 20_000_000));
        assert_eq!(tfxd.write(), bytes);
        assert_eq!(Tfxd::read(&bytes[24..]), Ok(tfxd));
        for end in 24..bytes.len() {
            assert_eq!(Tfxd::read(&bytes[24..end]), Err(Error::Incomplete { what: "tfxd" }));
        }
        assert_eq!(Tfxd::read(&[0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 9]), Ok(Tfxd(span(7, 9))));
        let mut later = bytes[24..].to_vec();
        later[0] = 2;
        later.extend([0; 8]);
        assert_eq!(Tfxd::read(&later), Ok(tfxd));
    }

    #[test]
    fn tfrf_as_in_the_reference() {
        let bytes =
            hex("0000003d75756964d4807ef2ca3946958e5426cb9e46a79f01000000020000046d48d70f000000000001312d00\
             0000046d4a083c000000000001312d00");
        let tfrf = Tfrf(vec![span(4_867_420_000_000, 20_000_000), span(4_867_440_000_000, 20_000_000)]);
        assert_eq!(tfrf.write(), bytes);
        assert_eq!(Tfrf::read(&bytes[24..], 2), Ok(tfrf));
        assert_eq!(Tfrf::read(&bytes[24..], 1), Err(Error::Limit { what: "look_ahead", max: 1 }));
        for end in 24..bytes.len() {
            assert_eq!(Tfrf::read(&bytes[24..end], 64), Err(Error::Incomplete { what: "tfrf" }));
        }
        assert_eq!(Tfrf::read(&[0, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 9], 64), Ok(Tfrf(vec![span(7, 9)])));
    }
}
