//! The playlist of one level.

use std::fmt::Write as _;

use smooth::manifest::Kind as Content;
use smooth::url;

use super::super::playlist::{Entry, Kind, MediaPlaylist, micros, wall_clock};
use super::super::segments::{Listing, Segment};
use super::Cut;
use crate::deliver::cmaf::presentation::{Rendition, Track};
use crate::deliver::formats::Format;
use crate::publishing_point::document::Document;
use crate::publishing_point::snapshot::{LevelView, Snapshot};

/// The playlist of `level` of the stream `name`, or of its key frames alone; `None` while there is too
/// little to show.
#[must_use]
pub fn render(snapshot: &Snapshot, name: &str, level: &LevelView, key_frames: bool) -> Option<Document> {
    let cut = Cut::of(snapshot)?;
    let track = cut.track(name)?;
    let rendition = track.renditions.iter().find(|r| r.level.id == level.id)?;
    let listing = cut.list(track)?;
    let playlist = Playlist { cut: &cut, track, rendition, key_frames };
    Some(Document::new(playlist.model(&listing).write()))
}

/// `level` has media for `segment`: a chunk of it at least. Captions always have, if only none to show.
#[must_use]
pub fn has_media(level: &LevelView, segment: &Segment) -> bool {
    let first = level.entries.from(segment.span.time).next();
    level.spec.kind == Content::Text || first.is_some_and(|e| e.span.time < segment.span.end())
}

struct Playlist<'a, 'b> {
    cut: &'b Cut<'a>,
    track: &'b Track<'a>,
    rendition: &'b Rendition<'a>,
    key_frames: bool,
}

impl Playlist<'_, '_> {
    fn model(&self, listing: &Listing) -> MediaPlaylist {
        let options = self.options();
        let name = url::encode(&self.track.stream.name);
        let is_text = self.track.stream.kind == Content::Text;
        MediaPlaylist {
            version: 7,
            target: listing.target,
            sequence: listing.segments.first().map_or(0, |s| s.number),
            kind: listing.grows.then_some(Kind::Event),
            i_frames_only: self.key_frames,
            map: (!is_text).then(|| format!("Fragments({name}=i,{options}).mp4")),
            entries: self.entries(&listing.segments),
            ended: !self.cut.presentation.snapshot.is_live(),
            ..MediaPlaylist::default()
        }
    }

    /// `format=…`, and the epoch of the segments' clock where it has one.
    fn options(&self) -> String {
        let mut options = format!("format={}", Format::Cmaf.name());
        let epoch = self.cut.presentation.epoch;
        if epoch > 0 {
            let _ = write!(options, ",epoch={epoch}");
        }
        options
    }

    /// The entries of `segments`. Players number entries by counting, so where numbers are missing, entries
    /// without media stand for them; unless they are so many that it was another broadcast, as it were.
    fn entries(&self, segments: &[Segment]) -> Vec<Entry> {
        let timescale = self.cut.chunks_of(self.track).stream.timescale;
        let noun = if self.key_frames { "KeyFrames" } else { "Fragments" };
        let extension = if self.track.stream.kind == Content::Text { "vtt" } else { "m4s" };
        let before = format!("{noun}({}=", url::encode(&self.track.stream.name));
        let after = format!(",{}).{extension}", self.options());
        let uri = |time: u64| format!("{before}{time}{after}");
        let mut entries = Vec::with_capacity(segments.len());
        let mut last: Option<&Segment> = None;
        for segment in segments {
            let missing = last.map_or(0, |last| segment.number.saturating_sub(last.number + 1));
            let end = last.map_or(segment.span.time, |last| last.span.end());
            let gap = segment.span.time.saturating_sub(end);
            let is_far = missing > LONGEST_GAP;
            for i in 0..if is_far { 0 } else { missing } {
                let (each, time) = (gap / missing, end.saturating_add(gap / missing * i));
                let duration = micros(each, timescale);
                entries.push(Entry { duration, uri: uri(time), gap: true, ..Entry::default() });
            }
            entries.push(Entry {
                duration: micros(segment.span.duration, timescale),
                uri: uri(segment.span.time),
                date: wall_clock(segment.span.time, timescale).filter(|_| last.is_none() || gap > 0),
                discontinuity: is_far,
                gap: !has_media(self.rendition.level, segment),
                key: None,
            });
            last = Some(segment);
        }
        entries
    }
}

/// Segments in a row that are named as gaps.
const LONGEST_GAP: u64 = 360;
