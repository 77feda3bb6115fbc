//! The journal of an archive: what happened, in order, in records that are whole or not there.
//!
//! ```text
//! magic   8 bytes
//! record* length u32, checksum u64 of the payload, payload (kind u8, fields)
//! ```
//! Numbers are little-endian; a text is its length as `u32` and UTF-8. A record whose length or checksum
//! is wrong ends the journal: it was being written when the server died.

use serde::{Deserialize, Serialize};
use smooth::Span;

use super::{Place, TrackId, hash};

/// What a journal begins with; the last byte is the version.
pub(super) const MAGIC: [u8; 8] = *b"slvrjrn\x01";

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// The broadcast began. First in every journal.
    Begin(Begin),
    /// A push stream brought tracks.
    Tracks {
        /// Name of its files, without extension.
        stem: String,
        /// Number and place in the header of each.
        tracks: Vec<(TrackId, u32)>,
        /// Live server manifest that describes them, in the same order.
        manifest: String,
    },
    /// A segment begins: fragments that start at `from` or later, in units of 100 ns, belong to it.
    Segment {
        /// Its number, from 1.
        number: u32,
        /// Where it begins.
        from: i64,
    },
    /// A file was made. The first has number 0, the next 1.
    File {
        /// The segment that it belongs to.
        segment: u32,
        /// The `Tracks` record that it belongs to, from 0.
        stream: u32,
        /// Where its first fragment stands.
        start: u64,
    },
    /// A run of encoder time began at this offset, in units of 100 ns.
    Run(i64),
    /// Something was published, and is stored.
    Published {
        /// The new chunk, with a track of its stream.
        chunk: Option<(TrackId, Span)>,
        /// Fragments.
        fragments: Vec<Indexed>,
    },
    /// Fragments were published, but are not stored.
    Gap {
        /// Their track.
        track: TrackId,
        /// Start of the first in ticks.
        from: u64,
        /// End of the last in ticks.
        to: u64,
        /// How many.
        fragments: u32,
    },
    /// What the first bytes of the journal speak of is on the disk itself.
    Synced {
        /// How many bytes.
        upto: u64,
    },
    /// A segment has its index, and nothing is added to it.
    Finished {
        /// Its number.
        segment: u32,
    },
    /// The broadcast is over.
    Sealed,
    /// The broadcast is forgotten.
    Closed,
}

/// What a broadcast is, see [`Record::Begin`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Begin {
    /// URL path of the publishing point.
    pub(super) point: String,
    /// The event, where the encoder names one.
    pub(super) event: Option<String>,
    /// Where the broadcast starts, in units of 100 ns.
    pub(super) begin: i64,
    /// When it began, in milliseconds since 1970.
    pub(super) since: u64,
    /// The definition in force, as a file.
    pub(super) definition: String,
}

/// A fragment that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indexed {
    /// Its track.
    pub track: TrackId,
    /// Where it lies on the broadcast's timeline, in ticks of its stream.
    pub span: Span,
    /// The encoder's start, mapped but not clipped, in ticks.
    pub raw: i64,
    /// Of its `mdat`.
    pub hash: u64,
    /// Where it is.
    pub place: Place,
    /// Bytes of both boxes.
    pub size: u64,
}

impl Record {
    /// Appends the record, framed, to `out`.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let at = out.len();
        out.extend_from_slice(&[0; FRAME]);
        self.payload(out);
        let payload = &out[at + FRAME..];
        let (len, sum) = (payload.len() as u32, hash(payload));
        out[at..at + 4].copy_from_slice(&len.to_le_bytes());
        out[at + 4..at + FRAME].copy_from_slice(&sum.to_le_bytes());
    }

    fn payload(&self, out: &mut Vec<u8>) {
        let mut put = |kind: u8| out.push(kind);
        match self {
            Self::Begin(begin) => {
                put(1);
                text(out, &begin.point);
                text(out, begin.event.as_deref().unwrap_or_default());
                out.push(begin.event.is_some().into());
                number(out, begin.begin.cast_unsigned());
                number(out, begin.since);
                text(out, &begin.definition);
            }
            Self::Tracks { stem, tracks, manifest } => {
                put(2);
                text(out, stem);
                text(out, manifest);
                for &(id, rank) in tracks {
                    small(out, id as u32);
                    small(out, rank);
                }
            }
            Self::Segment { number: n, from } => {
                put(3);
                small(out, *n);
                number(out, from.cast_unsigned());
            }
            Self::File { segment, stream, start } => {
                put(4);
                small(out, *segment);
                small(out, *stream);
                number(out, *start);
            }
            Self::Run(offset) => {
                put(5);
                number(out, offset.cast_unsigned());
            }
            Self::Published { chunk, fragments } => {
                put(6);
                out.push(chunk.is_some().into());
                if let Some((track, span)) = chunk {
                    small(out, *track as u32);
                    number(out, span.time);
                    number(out, span.duration);
                }
                for f in fragments {
                    small(out, f.track as u32);
                    small(out, f.place.file());
                    let fields = [f.span.time, f.span.duration, f.raw.cast_unsigned(), f.hash];
                    fields.into_iter().chain([f.place.offset(), f.size]).for_each(|n| number(out, n));
                }
            }
            Self::Gap { track, from, to, fragments } => {
                put(7);
                small(out, *track as u32);
                number(out, *from);
                number(out, *to);
                small(out, *fragments);
            }
            Self::Synced { upto } => {
                put(8);
                number(out, *upto);
            }
            Self::Finished { segment } => {
                put(9);
                small(out, *segment);
            }
            Self::Sealed => put(10),
            Self::Closed => put(11),
        }
    }

    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let mut fields = Fields(payload);
        Some(match fields.byte()? {
            1 => {
                let (point, event) = (fields.text()?, fields.text()?);
                let event = (fields.byte()? == 1).then_some(event);
                let (begin, since) = (fields.number()?.cast_signed(), fields.number()?);
                Self::Begin(Begin { point, event, begin, since, definition: fields.text()? })
            }
            2 => {
                let (stem, manifest) = (fields.text()?, fields.text()?);
                let mut tracks = Vec::new();
                while !fields.0.is_empty() {
                    tracks.push((fields.small()? as TrackId, fields.small()?));
                }
                Self::Tracks { stem, tracks, manifest }
            }
            3 => Self::Segment { number: fields.small()?, from: fields.number()?.cast_signed() },
            4 => Self::File { segment: fields.small()?, stream: fields.small()?, start: fields.number()? },
            5 => Self::Run(fields.number()?.cast_signed()),
            6 => {
                let mut chunk = None;
                if fields.byte()? == 1 {
                    chunk = Some((fields.small()? as TrackId, fields.span()?));
                }
                let mut fragments = Vec::new();
                while !fields.0.is_empty() {
                    fragments.push(fields.indexed()?);
                }
                Self::Published { chunk, fragments }
            }
            7 => Self::Gap {
                track: fields.small()? as TrackId,
                from: fields.number()?,
                to: fields.number()?,
                fragments: fields.small()?,
            },
            8 => Self::Synced { upto: fields.number()? },
            9 => Self::Finished { segment: fields.small()? },
            10 => Self::Sealed,
            11 => Self::Closed,
            _ => return None,
        })
    }
}

fn small(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn number(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn text(out: &mut Vec<u8>, value: &str) {
    small(out, value.len() as u32);
    out.extend_from_slice(value.as_bytes());
}

/// What is left of a payload.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }

    fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[b]| b)
    }

    fn small(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn number(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn text(&mut self) -> Option<String> {
        let len = self.small()? as usize;
        let (text, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }

    fn span(&mut self) -> Option<Span> {
        Some(Span { time: self.number()?, duration: self.number()? })
    }

    fn indexed(&mut self) -> Option<Indexed> {
        let (track, file) = (self.small()? as TrackId, self.small()?);
        let (span, raw, hash) = (self.span()?, self.number()?.cast_signed(), self.number()?);
        let place = Place::new(file, self.number()?)?;
        Some(Indexed { track, span, raw, hash, place, size: self.number()? })
    }
}

/// Bytes before a payload.
pub(super) const FRAME: usize = 12;

/// Bytes of the longest payload: a definition and the header of a push stream have limits below it.
pub(super) const MAX_RECORD: u32 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::super::reader::Reader;
    use super::*;

    fn all() -> Vec<Record> {
        let span = Span { time: u64::MAX, duration: 7 };
        let place = Place::new(3, 1 << 40).unwrap();
        let indexed = |track| Indexed { track, span, raw: -9, hash: 5, place, size: 6 };
        let begin =
            Begin { point: "/ä.isml".into(), event: Some(String::new()), begin: -1, ..Begin::default() };
        vec![
            Record::Begin(begin),
            Record::Begin(Begin::default()),
            Record::Tracks { stem: "s".into(), tracks: vec![(0, 1), (1, 0)], manifest: "<smil/>".into() },
            Record::Segment { number: 2, from: i64::MIN },
            Record::File { segment: 2, stream: 1, start: 1 << 33 },
            Record::Run(-5),
            Record::Published { chunk: Some((4, span)), fragments: vec![indexed(4), indexed(5)] },
            Record::Published { chunk: None, fragments: vec![indexed(1)] },
            Record::Gap { track: 1, from: 2, to: 3, fragments: 4 },
            Record::Synced { upto: 77 },
            Record::Finished { segment: 1 },
            Record::Sealed,
            Record::Closed,
        ]
    }

    fn read(bytes: &[u8]) -> (Vec<Record>, u64) {
        let mut reader = Reader::new(bytes).unwrap();
        let records = std::iter::from_fn(|| reader.next().unwrap()).collect();
        (records, reader.valid())
    }

    #[test]
    fn what_is_written_is_read_and_a_torn_tail_is_cut_at_every_byte() {
        let mut bytes = MAGIC.to_vec();
        let mut ends = vec![bytes.len()];
        for record in all() {
            record.write(&mut bytes);
            ends.push(bytes.len());
        }
        assert_eq!(read(&bytes), (all(), bytes.len() as u64));
        for len in MAGIC.len()..bytes.len() {
            let whole = ends.iter().filter(|&&end| end <= len).count() - 1;
            assert_eq!(read(&bytes[..len]), (all()[..whole].to_vec(), ends[whole] as u64), "{len} bytes");
        }
        // A record of which a byte is wrong ends it as well, and so do zeros after the last.
        for at in MAGIC.len()..bytes.len() {
            let mut broken = bytes.clone();
            broken[at] ^= 0x10;
            let whole = ends.iter().filter(|&&end| end <= at).count() - 1;
            assert_eq!(read(&broken).0, all()[..whole], "byte {at}");
        }
        bytes.extend([0; 100]);
        assert_eq!(read(&bytes).0, all());
    }

    #[test]
    fn another_file_is_no_journal() {
        assert!(Reader::new(&b"slvrjrn\x02more"[..]).is_err());
        assert!(Reader::new(&b""[..]).is_err());
    }
}
