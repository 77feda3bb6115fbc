//! What the thread of an archive is asked to do, and what it could not.

use std::collections::BTreeMap;
use std::sync::Weak;

use smooth::Span;

use super::journal::Record;
use super::{Media, NewTrack, TrackId};

/// Something to do.
#[derive(Debug)]
pub(super) enum Job {
    Describe {
        event: Option<String>,
        stream: String,
        tracks: Vec<NewTrack>,
    },
    Run(i64),
    Publish {
        chunk: Option<(TrackId, Span)>,
        fragments: Vec<Item>,
    },
    /// Fragments that were given up.
    Lost(Gaps),
    Synced {
        upto: u64,
    },
    Segment {
        number: u32,
        from: i64,
    },
    Finish {
        segment: u32,
    },
    Seal,
    Close,
}

impl Job {
    /// Whether it stores something that viewers are shown.
    pub(super) const fn is_shown(&self) -> bool {
        matches!(self, Self::Describe { .. } | Self::Run(_) | Self::Publish { .. })
    }
}

/// A fragment to store. Whoever shows it to viewers holds its media: what nobody holds any more when the
/// disk is ready is lost.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) track: TrackId,
    pub(super) span: Span,
    pub(super) raw: i64,
    pub(super) media: Weak<Media>,
}

/// Fragments of a track that are not stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    from: u64,
    to: u64,
    pub(super) fragments: u32,
}

/// Those of all tracks.
pub(super) type Gaps = BTreeMap<TrackId, Gap>;

impl Gap {
    /// A single fragment.
    pub(super) const fn of(span: Span) -> Self {
        Self { from: span.time, to: span.end(), fragments: 1 }
    }

    /// Adds it to what is missing of `track`.
    pub(super) fn add(self, gaps: &mut Gaps, track: TrackId) {
        let gap = gaps.entry(track).or_insert(Self { fragments: 0, ..self });
        let fragments = gap.fragments.saturating_add(self.fragments);
        *gap = Self { from: gap.from.min(self.from), to: gap.to.max(self.to), fragments };
    }

    pub(super) fn record(self, track: TrackId) -> Record {
        Record::Gap { track, from: self.from, to: self.to, fragments: self.fragments }
    }
}
