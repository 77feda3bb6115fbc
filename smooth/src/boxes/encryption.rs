//! Encryption of samples: from the boxes of PIFF 1.1 to those of Common Encryption, ISO/IEC 23001-7.
//!
//! | PIFF | Common Encryption |
//! | --- | --- |
//! | `uuid` sample encryption | `senc`, `saiz`, `saio` |
//! | its override of the track's key | a sample group `seig` of the fragment (`sgpd`, `sbgp`) |
//! | no sample encryption in a protected track: clear | a sample group `seig` that is not protected |
//! | `uuid` track encryption in `schi` | `tenc` |
//! | `uuid` protection system header | `pssh` |

use super::cursor::{Cursor, Writer};
use super::rewrite::{Rewriter, SENC_HEADER};
use super::uuid::{PIFF_SAMPLE_ENCRYPTION, PIFF_SYSTEM};
use crate::error::Error;
use crate::manifest::ProtectionHeader;

/// What samples are encrypted with: the fields of `tenc`, ISO/IEC 23001-7 8.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Key id, in the byte order of Common Encryption.
    pub id: [u8; 16],
    /// Bytes of the per-sample initialisation vectors: 8 or 16.
    pub iv_size: u8,
}

/// How one sample is encrypted, AES in counter mode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncryptedSample {
    /// First half of the counter's block; the other half begins at 0.
    pub iv: [u8; 8],
    /// Clear and encrypted bytes in turn. None: all bytes are encrypted.
    pub subsamples: Vec<(u16, u32)>,
}

const OVERRIDE: u32 = 1;
const SUBSAMPLES: u32 = 2;
const NONE: u32 = 0;
const AES_CTR: u32 = 1;
/// Bytes of an initialisation vector where nothing says: what PIFF 1.1 demands.
const IV_SIZE: u8 = 8;
const LARGE_IV_SIZE: u8 = 16;

/// The sample encryption box of PIFF, 5.3.2.1.
#[derive(Clone, Copy)]
pub(crate) struct SampleEncryption<'a> {
    flags: u32,
    /// Stands in place of the track's key. `Some(None)`: the samples are clear.
    pub(crate) own: Option<Option<Key>>,
    count: u32,
    /// Initialisation vectors and subsamples, and whatever follows them.
    samples: &'a [u8],
}

impl<'a> SampleEncryption<'a> {
    /// Reads the payload after the extended type.
    pub(crate) fn read(payload: &'a [u8]) -> Result<Self, Error> {
        let mut fields = Cursor::new(payload, "senc");
        let (_, flags) = fields.version();
        let mut own = None;
        if flags & OVERRIDE != 0 {
            let algorithm = fields.u24();
            let key = Key { iv_size: fields.u8(), id: fields.array() };
            if algorithm > AES_CTR {
                return Err(Error::Unsupported { what: "senc", rule: "not AES-CTR" });
            }
            own = Some((algorithm != NONE).then_some(key));
        }
        let count = fields.u32();
        fields.end()?;
        Ok(Self { flags, own, count, samples: fields.rest() })
    }

    /// Bytes of each sample's entry with initialisation vectors of `iv_size` bytes, none if they are all
    /// alike; and what follows the last.
    fn measure(&self, iv_size: u8) -> Result<(Vec<u8>, &'a [u8]), Error> {
        let mut fields = Cursor::new(self.samples, "senc");
        let mut sizes = Vec::new();
        if self.flags & SUBSAMPLES == 0 {
            fields.take(usize::try_from(self.count).unwrap_or(usize::MAX).saturating_mul(iv_size.into()));
            fields.end()?;
            return Ok((sizes, fields.rest()));
        }
        for _ in 0..self.count {
            fields.take(iv_size.into());
            let entries = usize::from(fields.u16()).saturating_mul(6);
            fields.take(entries);
            // the count is not to be believed
            fields.end()?;
            let size = entries.saturating_add(2).saturating_add(iv_size.into());
            let rule = "more than 255 bytes for a sample";
            sizes.push(u8::try_from(size).map_err(|_| Error::Unsupported { what: "senc", rule })?);
        }
        Ok((sizes, fields.rest()))
    }

    /// Bytes of an initialisation vector, and as [`measure`](Self::measure). Nothing in a fragment without
    /// an override says how long they are, but only one length fills the box.
    fn fit(&self, usual: u8) -> Result<(u8, Vec<u8>, &'a [u8]), Error> {
        let found = self.measure(usual);
        let other = if usual == IV_SIZE { LARGE_IV_SIZE } else { IV_SIZE };
        if self.own.is_none()
            && !matches!(found, Ok((_, [])))
            && let Ok((sizes, rest @ [])) = self.measure(other)
        {
            return Ok((other, sizes, rest));
        }
        found.map(|(sizes, rest)| (usual, sizes, rest))
    }

    /// Writes it as `senc`, `saiz` and `saio`, for a track with the key `track`; with a sample group where
    /// the samples have another.
    pub(super) fn put(&self, track: Option<Key>, new: &mut Rewriter) -> Result<(), Error> {
        if self.own == Some(None) {
            return Ok(());
        }
        let key = self.own.flatten().or(track);
        let (iv_size, sizes, rest) = self.fit(key.map_or(IV_SIZE, |key| key.iv_size))?;
        let samples = self.samples.get(..self.samples.len().saturating_sub(rest.len()));
        let out = &mut new.out;
        let at = out.open_full(*b"saiz", 0, 0);
        out.u8(if sizes.is_empty() { iv_size } else { 0 });
        out.u32(self.count);
        out.put(&sizes);
        out.close(at);
        let at = out.open_full(*b"saio", 0, 0);
        out.u32(1);
        let field = out.len();
        out.u32(0);
        out.close(at);
        let at = out.open_full(*b"senc", 0, self.flags & SUBSAMPLES);
        out.u32(self.count);
        out.put(samples.unwrap_or(self.samples));
        out.close(at);
        new.mark_auxiliary_field(field);
        new.mark_auxiliary(at.saturating_add(SENC_HEADER));
        let key = key.map(|key| Key { iv_size, ..key });
        if track.is_some() && key != track {
            put_group(key, self.count, &mut new.out);
        }
        Ok(())
    }
}

/// Puts `count` samples into a group of their own: encrypted with `key`, or clear. ISO/IEC 23001-7 6 and
/// ISO/IEC 14496-12 8.9.
pub(super) fn put_group(key: Option<Key>, count: u32, out: &mut Writer) {
    const GROUP: [u8; 4] = *b"seig";
    /// The first group that the fragment itself describes.
    const FIRST: u32 = 0x1_0001;
    let at = out.open_full(*b"sgpd", 1, 0);
    out.put(&GROUP);
    out.u32(20); // bytes of an entry
    out.u32(1);
    put_key(key, out);
    out.close(at);
    let at = out.open_full(*b"sbgp", 0, 0);
    out.put(&GROUP);
    out.u32(1);
    out.u32(count);
    out.u32(FIRST);
    out.close(at);
}

/// The fields of `tenc` and of a group `seig`; for `None`, those of clear samples.
pub(super) fn put_key(key: Option<Key>, out: &mut Writer) {
    let Key { id, iv_size } = key.unwrap_or(Key { id: [0; 16], iv_size: 0 });
    out.put(&[0, 0, key.is_some().into(), iv_size]);
    out.put(&id);
}

/// The sample encryption box of PIFF; `key_id` where it is not the track's.
pub(super) fn put_piff(key_id: Option<[u8; 16]>, samples: &[EncryptedSample], out: &mut Writer) {
    let has_parts = samples.iter().any(|sample| !sample.subsamples.is_empty());
    let flags = if has_parts { SUBSAMPLES } else { 0 } | if key_id.is_some() { OVERRIDE } else { 0 };
    let at = out.open_uuid(PIFF_SAMPLE_ENCRYPTION, 0, flags);
    if let Some(id) = key_id {
        out.u24(AES_CTR);
        out.u8(IV_SIZE);
        out.put(&id);
    }
    out.u32(u32::try_from(samples.len()).unwrap_or(u32::MAX));
    for sample in samples {
        out.put(&sample.iv);
        if has_parts {
            out.u16(u16::try_from(sample.subsamples.len()).unwrap_or(u16::MAX));
            for &(clear, encrypted) in &sample.subsamples {
                out.u16(clear);
                out.u32(encrypted);
            }
        }
    }
    out.close(at);
}

/// The header of a protection system, ISO/IEC 23001-7 8.1, or as PIFF has it, 5.3.1.
pub(super) fn put_system(header: &ProtectionHeader, piff: bool, out: &mut Writer) {
    let at = if piff { out.open_uuid(PIFF_SYSTEM, 0, 0) } else { out.open_full(*b"pssh", 0, 0) };
    out.put(&header.system_id);
    out.u32(u32::try_from(header.data.len()).unwrap_or(u32::MAX));
    out.put(&header.data);
    out.close(at);
}

/// Reads the payload of a `pssh` box or its ancestor of PIFF.
pub(super) fn read_system(payload: &[u8]) -> Result<ProtectionHeader, Error> {
    let mut fields = Cursor::new(payload, "pssh");
    let (version, _) = fields.version();
    let system_id = fields.array();
    if version > 0 {
        let count = usize::try_from(fields.u32()).unwrap_or(usize::MAX);
        fields.take(count.saturating_mul(16));
    }
    let len = usize::try_from(fields.u32()).unwrap_or(usize::MAX);
    let data = fields.take(len).to_vec();
    fields.end()?;
    Ok(ProtectionHeader { system_id, data })
}

#[cfg(test)]
mod tests {
    use super::super::build::{self, Encryption, FragmentSpec, Sample};
    use super::super::tests::{full, hex, sized};
    use super::super::uuid::PIFF_TRACK_ENCRYPTION;
    use super::super::{cmaf, init, moov, mse, read_head, walk};
    use super::*;
    use crate::codec::Codec;
    use crate::manifest::Kind;
    use crate::smil::live;
    use crate::{Limits, Span, Timescale};

    const TRACK: Key = Key { id: [1; 16], iv_size: 8 };
    const SPAN: Span = Span { time: 0, duration: 40 };

    fn sample(iv: u8, subsamples: &[(u16, u32)]) -> EncryptedSample {
        EncryptedSample { iv: [iv; 8], subsamples: subsamples.to_vec() }
    }

    fn fragment(encryption: Option<&Encryption<'_>>) -> Vec<u8> {
        let sample = Sample { duration: 20, size: 30, flags: build::SYNC_SAMPLE, composition_offset: 0 };
        let spec = FragmentSpec { sequence: 1, track_id: 1, span: SPAN, samples: &[sample, sample] };
        encryption.map_or_else(|| build::fragment(&spec), |e| build::encrypted_fragment(&spec, e))
    }

    fn played(moof: &[u8], key: Option<Key>) -> Vec<u8> {
        let new = mse::rewrite(moof, &mse::Options { key, ..mse::Options::default() }).unwrap();
        // A second pass finds nothing left to do.
        assert_eq!(mse::rewrite(&new, &mse::Options { key, ..mse::Options::default() }).unwrap(), new);
        let options = cmaf::Options { kind: Kind::Audio, span: SPAN, media_header: 8, media_len: 0, key };
        assert_eq!(cmaf::rewrite(moof, &options).unwrap(), new);
        new
    }

    /// The boxes of the `traf` behind its `trun`.
    fn added(moof: &[u8]) -> Vec<u8> {
        let moof = walk(moof).next().unwrap().unwrap();
        let traf = walk(moof.payload).map(Result::unwrap).find(|b| b.kind == *b"traf").unwrap();
        let after = walk(traf.payload).map(Result::unwrap).skip_while(|b| b.kind != *b"trun").skip(1);
        after.flat_map(|b| b.whole.to_vec()).collect()
    }

    fn group(entry: &str) -> Vec<u8> {
        let description = hex(&["73656967 00000014 00000001 ", entry].concat());
        let samples = hex("73656967 00000001 00000002 00010001");
        [full(b"sgpd", 1, 0, &description), full(b"sbgp", 0, 0, &samples)].concat()
    }

    #[test]
    fn with_the_key_of_the_track_there_is_no_group() {
        for (samples, entry, table) in [
            (
                [sample(0x11, &[(5, 16)]), sample(0x22, &[])],
                "10 0a",
                "0001 0005 00000010 2222222222222222 0000",
            ),
            ([sample(0x11, &[]), sample(0x22, &[])], "", "2222222222222222"),
        ] {
            let own = fragment(Some(&Encryption { key_id: None, systems: &[], samples: &samples }));
            assert!(read_head(&own, &Limits::default()).unwrap().encrypted);
            let new = played(&own, Some(TRACK));
            assert_eq!(new, played(&own, None), "nor without a track's key");
            let iv = new.windows(8).position(|w| w == [0x11; 8]).unwrap();
            let table = hex(&["00000002 1111111111111111 ", table].concat());
            let whole = if entry.is_empty() { "08" } else { "00" };
            let flags = if entry.is_empty() { 0 } else { 2 };
            let expected = [
                full(b"saiz", 0, 0, &hex(&[whole, "00000002", entry].concat())),
                full(
                    b"saio",
                    0,
                    0,
                    &[hex("00000001"), u32::try_from(iv).unwrap().to_be_bytes().to_vec()].concat(),
                ),
                full(b"senc", 0, flags, &table),
            ];
            assert_eq!(added(&new), expected.concat());
        }
    }

    #[test]
    fn another_key_is_a_group_of_its_own() {
        let samples = [sample(0x11, &[]), sample(0x22, &[])];
        let encryption = Encryption { key_id: Some([2; 16]), systems: &[], samples: &samples };
        let own = fragment(Some(&encryption));
        let head = read_head(&own, &Limits::default()).unwrap();
        assert_eq!((head.encrypted, head.key_id), (true, Some([2; 16])));
        let new = added(&played(&own, Some(TRACK)));
        assert!(new.ends_with(&group("00000108 02020202020202020202020202020202")));
        // The track's own key, named once more.
        let encryption = Encryption { key_id: Some(TRACK.id), ..encryption };
        let new = added(&played(&fragment(Some(&encryption)), Some(TRACK)));
        assert!(!new.windows(4).any(|w| w == b"seig"));
    }

    #[test]
    fn a_clear_fragment_of_a_protected_track_says_so() {
        let own = fragment(None);
        let expected = group("00000000 00000000000000000000000000000000");
        assert_eq!(added(&played(&own, Some(TRACK))), expected);
        assert_eq!(added(&played(&own, None)), b"");
        // PIFF can say it too: algorithm 0.
        let none = hex("00000001 000000 00 00000000000000000000000000000000 00000002");
        let none = sized(b"uuid", &[&PIFF_SAMPLE_ENCRYPTION[..], &none].concat());
        let traf = [full(b"tfhd", 0, 0, &hex("00000001")), full(b"trun", 0, 0, &hex("00000002")), none];
        let moof = sized(b"moof", &sized(b"traf", &traf.concat()));
        assert!(!read_head(&moof, &Limits::default()).unwrap().encrypted);
        let options = mse::Options { key: Some(TRACK), ..mse::Options::default() };
        assert_eq!(added(&mse::rewrite(&moof, &options).unwrap()), expected);
    }

    #[test]
    fn initialisation_vectors_of_sixteen_bytes_are_noticed() {
        let moof = |flags: u32, table: &str| {
            let payload = [&PIFF_SAMPLE_ENCRYPTION[..], &flags.to_be_bytes(), &hex(table)].concat();
            let traf =
                [full(b"tfhd", 0, 0, &hex("00000001")), full(b"trun", 0, 0, &hex("00000002"))].concat();
            sized(b"moof", &sized(b"traf", &[traf, sized(b"uuid", &payload)].concat()))
        };
        let iv = "000102030405060708090a0b0c0d0e0f";
        for (flags, table) in [
            (0, ["00000002", iv, iv].concat()),
            (2, ["00000002", iv, "0001 0005 00000010", iv, "0000"].concat()),
        ] {
            let options = mse::Options { key: Some(TRACK), ..mse::Options::default() };
            let new = added(&mse::rewrite(&moof(flags, &table), &options).unwrap());
            assert!(new.ends_with(&group("00000110 01010101010101010101010101010101")), "{flags}");
            assert_eq!(new[12], if flags == 0 { 16 } else { 0 });
        }
    }

    #[test]
    fn systems_of_a_fragment_and_of_a_header_are_common() {
        let header = ProtectionHeader { system_id: [7; 16], data: b"licence".to_vec() };
        let samples = [sample(0x11, &[]), sample(0x22, &[])];
        let systems = core::slice::from_ref(&header);
        let new =
            played(&fragment(Some(&Encryption { key_id: None, systems, samples: &samples })), Some(TRACK));
        let moof = walk(&new).next().unwrap().unwrap();
        let pssh = walk(moof.payload).map(Result::unwrap).find(|b| b.kind == *b"pssh").unwrap();
        assert_eq!(read_system(pssh.payload), Ok(header));
        let with_ids =
            [&hex("01000000"), &[7; 16][..], &hex("00000001"), &[8; 16], &hex("00000001 09")].concat();
        assert_eq!(read_system(&with_ids), Ok(ProtectionHeader { system_id: [7; 16], data: vec![9] }));
        assert!(read_system(&with_ids[..with_ids.len() - 1]).is_err());
    }

    #[test]
    fn a_protected_track_in_both_dialects() {
        let systems = [ProtectionHeader { system_id: [7; 16], data: b"licence".to_vec() }];
        let protection = init::Protection { key: TRACK, systems: &systems, piff: false };
        let mut audio = live::Track::new(1, Kind::Audio);
        (audio.level.fourcc, audio.level.private_data) = ("AACL".into(), hex("1190"));
        let codec = Codec::from_level(Kind::Audio, &audio.level, "").unwrap();
        let timescale = Timescale::DEFAULT;
        let common = init::segment(&init::Track {
            timescale,
            codec: &codec,
            language: "",
            protection: Some(protection),
        });
        let piff = init::Protection { piff: true, ..protection };
        let piff = build::protected_header(&[audio], Some(piff));
        let id = "01010101010101010101010101010101";
        let tenc = full(b"tenc", 0, 0, &hex(&["00000108", id].concat()));
        let uuid = [&PIFF_TRACK_ENCRYPTION[..], &hex(&["00000000 00000108", id].concat())].concat();
        for (file, scheme, track) in [
            (common, hex("63656e63 00010000"), tenc),
            (piff, hex("70696666 00010001"), sized(b"uuid", &uuid)),
        ] {
            let children =
                [sized(b"frma", b"mp4a"), full(b"schm", 0, 0, &scheme), sized(b"schi", &track)].concat();
            let sinf = sized(b"sinf", &children);
            assert!(file.windows(sinf.len()).any(|w| w == sinf));
            assert!(file.windows(4).any(|w| w == b"enca"));
            let moov = walk(&file).map(Result::unwrap).find(|b| b.kind == *b"moov").unwrap().whole;
            assert_eq!(moov::read_protection(moov, &Limits::default()), Ok(systems.to_vec()));
            let read = moov::read(moov, &Limits::default()).unwrap();
            assert_eq!((read[0].fourcc.as_str(), &read[0].private_data[..]), ("AACL", &hex("1190")[..]));
        }
    }
}
