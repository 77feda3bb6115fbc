//! The index at the end of a file of fragments, ISO/IEC 14496-12 8.8.9 to 8.8.11.
//!
//! ```text
//! mfra
//!   tfra*   of one track: the start of each fragment and the offset of its moof in the file
//!   mfro    size of the mfra, so that it is found from the end of the file
//! ```

use super::cursor::{Cursor, Writer};
use super::walk::walk;
use crate::error::Error;
use crate::limits::Limits;

/// Bytes of an `mfro`: what to read from the end of a file for [`size_from_end`].
pub const MFRO_LEN: usize = 16;

/// The `tfra` of one track.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackIndex {
    /// Track id, as in `moov`.
    pub track_id: u32,
    /// In the order of the file.
    pub entries: Vec<Entry>,
}

/// A sample that can be decoded on its own, and where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Presentation time of the sample, in ticks of the track.
    pub time: u64,
    /// Of the `moof` that describes it, in bytes from the start of the file.
    pub moof_offset: u64,
    /// Which `traf` of the `moof`, from 1.
    pub traf: u32,
    /// Which `trun` of the `traf`, from 1.
    pub trun: u32,
    /// Which sample of the `trun`, from 1.
    pub sample: u32,
}

impl Entry {
    /// The first sample of the `moof` at `moof_offset`.
    #[must_use]
    pub const fn fragment(time: u64, moof_offset: u64) -> Self {
        Self { time, moof_offset, traf: 1, trun: 1, sample: 1 }
    }

    /// Whether it is the first sample of its `moof`, so that `time` is the fragment's.
    #[must_use]
    pub const fn starts_fragment(&self) -> bool {
        self.traf == 1 && self.trun == 1 && self.sample == 1
    }
}

/// The size of the `mfra` that `tail`, the last bytes of a file, says the file ends with: at least an
/// empty one's, and not believed beyond that. `None` if there is no `mfro` at the end.
#[must_use]
pub fn size_from_end(tail: &[u8]) -> Option<u64> {
    let mut fields = Cursor::new(tail.last_chunk::<MFRO_LEN>()?, "mfro");
    let (len, kind) = (fields.u32(), fields.array());
    fields.version();
    let size = u64::from(fields.u32());
    (len as usize == MFRO_LEN && &kind == b"mfro" && size >= EMPTY).then_some(size)
}

/// Reads the index of each track from `mfra` (the whole box). A count is compared with the bytes that are
/// there before anything is made of it; offsets and times are as they stand, and may be lies.
///
/// # Errors
///
/// [`Error::Incomplete`] if a box is cut short or has fewer entries than it says, [`Error::Invalid`] if
/// it is another box, [`Error::Limit`] for more tracks than `streams` or more entries than `chunks` of
/// `limits`.
pub fn read(mfra: &[u8], limits: &Limits) -> Result<Vec<TrackIndex>, Error> {
    let mfra = walk(mfra).next().ok_or(Error::Incomplete { what: "mfra" })??;
    if mfra.kind != *b"mfra" {
        return Err(Error::Invalid { what: "mfra", rule: "another box stands in its place" });
    }
    let mut tracks = Vec::new();
    for child in walk(mfra.payload) {
        let child = child?;
        if child.kind != *b"tfra" {
            continue;
        }
        if tracks.len() >= limits.streams {
            return Err(Error::Limit { what: "streams", max: limits.streams as u64 });
        }
        tracks.push(read_tfra(child.payload, limits)?);
    }
    Ok(tracks)
}

fn read_tfra(payload: &[u8], limits: &Limits) -> Result<TrackIndex, Error> {
    let mut fields = Cursor::new(payload, "tfra");
    let (version, _) = fields.version();
    let track_id = fields.u32();
    let lengths = fields.u32();
    let count = fields.u32();
    fields.end()?;
    if u64::from(count) > limits.chunks {
        return Err(Error::Limit { what: "chunks", max: limits.chunks });
    }
    let wide = version > 0;
    // Bytes of the numbers of traf, trun and sample: two bits each, one less.
    let [traf, trun, sample] =
        [lengths >> 4, lengths >> 2, lengths].map(|bits| (bits as usize & 3).saturating_add(1));
    let times: usize = if wide { 16 } else { 8 };
    let each = [traf, trun, sample].into_iter().fold(times, usize::saturating_add);
    let entries = fields.take((count as usize).saturating_mul(each));
    fields.end()?;
    let entry = |bytes| {
        let mut fields = Cursor::new(bytes, "tfra");
        Entry {
            time: fields.uint(wide),
            moof_offset: fields.uint(wide),
            traf: fields.number(traf) as u32,
            trun: fields.number(trun) as u32,
            sample: fields.number(sample) as u32,
        }
    };
    Ok(TrackIndex { track_id, entries: entries.chunks_exact(each).map(entry).collect() })
}

/// Writes the box: a `tfra` of version 1 for each track, then `mfro`. Its size has 32 bits, which are
/// enough for 200 million fragments; [`Limits::chunks`] stands far before that.
#[must_use]
pub fn write(tracks: &[TrackIndex]) -> Vec<u8> {
    let mut out = Writer::default();
    let mfra = out.open(*b"mfra");
    for track in tracks {
        put_tfra(track, &mut out);
    }
    let mfro = out.open_full(*b"mfro", 0, 0);
    let size = out.len();
    out.u32(0);
    out.close(mfro);
    out.close(mfra);
    out.patch(size, u32::try_from(out.len()).unwrap_or(u32::MAX));
    out.finish()
}

fn put_tfra(track: &TrackIndex, out: &mut Writer) {
    let at = out.open_full(*b"tfra", 1, 0);
    out.u32(track.track_id);
    let largest = |number: fn(&Entry) -> u32| track.entries.iter().map(number).max().unwrap_or(0);
    let numbers: [fn(&Entry) -> u32; 3] = [|e| e.traf, |e| e.trun, |e| e.sample];
    let skips = numbers.map(|number| largest(number).leading_zeros().min(24).wrapping_shr(3));
    let [traf, trun, sample] = skips.map(|skip| 3_u32.saturating_sub(skip));
    out.u32(traf << 4 | trun << 2 | sample);
    out.u32(u32::try_from(track.entries.len()).unwrap_or(u32::MAX));
    for entry in &track.entries {
        out.u64(entry.time);
        out.u64(entry.moof_offset);
        for (number, skip) in numbers.iter().zip(skips) {
            out.put(number(entry).to_be_bytes().get(skip as usize..).unwrap_or_default());
        }
    }
    out.close(at);
}

/// Bytes of an `mfra` with nothing but its `mfro`.
const EMPTY: u64 = 8 + MFRO_LEN as u64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{full, hex, sized};
    use super::*;

    fn parse(mfra: &[u8]) -> Result<Vec<TrackIndex>, Error> {
        read(mfra, &Limits::default())
    }

    /// As ffmpeg's ismv muxer writes it: one fragment, version 1, numbers of one byte.
    #[test]
    fn the_index_of_an_ffmpeg_file() {
        let bytes = hex(concat!(
            "0000004b6d667261",
            "0000003374667261010000000000000100000000",
            "00000001 0000000001312d00 00000000000004d2 01 01 01",
            "000000106d66726f000000000000004b",
        ));
        let mut bytes = bytes;
        // Sizes of the shortened example.
        let tfra = u8::try_from(bytes.len() - 8 - 16).unwrap();
        let whole = u8::try_from(bytes.len()).unwrap();
        (bytes[3], bytes[11]) = (whole, tfra);
        *bytes.last_mut().unwrap() = whole;
        let expected = TrackIndex { track_id: 1, entries: vec![Entry::fragment(20_000_000, 1234)] };
        assert_eq!(parse(&bytes), Ok(vec![expected.clone()]));
        assert_eq!(write(&[expected]), bytes);
        assert_eq!(size_from_end(&[&[9; 5], &bytes[..]].concat()), Some(bytes.len() as u64));
    }

    #[test]
    fn version_0_and_numbers_of_any_length() {
        let entry = "00000007 00000009 000001 00000002 0003";
        let tfra = full(b"tfra", 0, 0, &hex(&format!("00000005 0000002d 00000002 {entry} {entry}")));
        let index = parse(&sized(b"mfra", &[sized(b"free", b"x"), tfra].concat())).unwrap();
        let entry = Entry { time: 7, moof_offset: 9, traf: 1, trun: 2, sample: 3 };
        assert_eq!(index, [TrackIndex { track_id: 5, entries: vec![entry; 2] }]);
        assert!(!entry.starts_fragment());
    }

    #[test]
    fn a_count_is_never_believed() {
        let tfra = |count: u32| {
            let payload = [&[0; 8][..], &count.to_be_bytes(), &[0; 11]].concat();
            parse(&sized(b"mfra", &full(b"tfra", 0, 0, &payload)))
        };
        assert_eq!(tfra(1).unwrap()[0].entries.len(), 1);
        assert_eq!(tfra(2), Err(Error::Incomplete { what: "tfra" }));
        assert_eq!(tfra(u32::MAX), Err(Error::Limit { what: "chunks", max: 2_000_000 }));
        let many = full(b"tfra", 0, 0, &[0; 12]).repeat(65);
        assert_eq!(parse(&sized(b"mfra", &many)), Err(Error::Limit { what: "streams", max: 64 }));
    }

    #[test]
    fn an_end_that_is_no_mfro_has_no_size() {
        let mfro = |size: u32| full(b"mfro", 0, 0, &size.to_be_bytes());
        assert_eq!(size_from_end(&mfro(24)), Some(24));
        assert_eq!(size_from_end(&mfro(u32::MAX)), Some(u32::MAX.into()));
        for bad in [mfro(23), mfro(24)[1..].to_vec(), full(b"mfrx", 0, 0, &[0, 0, 0, 24]), Vec::new()] {
            assert_eq!(size_from_end(&bad), None);
        }
    }

    fn indexes() -> impl Strategy<Value = Vec<TrackIndex>> {
        let number = || prop_oneof![Just(1_u32), any::<u32>()];
        let entry = (any::<u64>(), any::<u64>(), number(), number(), number()).prop_map(
            |(time, moof_offset, traf, trun, sample)| Entry { time, moof_offset, traf, trun, sample },
        );
        let track = (any::<u32>(), prop::collection::vec(entry, 0..9))
            .prop_map(|(track_id, entries)| TrackIndex { track_id, entries });
        prop::collection::vec(track, 0..4)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_found_from_the_end(tracks in indexes()) {
            let bytes = write(&tracks);
            prop_assert_eq!(size_from_end(&bytes), Some(bytes.len() as u64));
            prop_assert_eq!(parse(&bytes), Ok(tracks));
            for end in 8..bytes.len() {
                prop_assert!(parse(&bytes[..end]).is_err());
            }
        }

        #[test]
        fn no_bytes_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..80), at in 0_usize..80, value: u8) {
            let _ = (parse(&bytes), size_from_end(&bytes), parse(&sized(b"mfra", &full(b"tfra", 1, 0, &bytes))));
            bytes = write(&[TrackIndex { track_id: 1, entries: vec![Entry::fragment(3, 4); 3] }]);
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
            let _ = parse(&bytes);
        }
    }
}
