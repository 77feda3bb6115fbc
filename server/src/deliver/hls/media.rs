//! The playlist of one level: its segments, with holes where there is no media.

use std::sync::Arc;

use smooth::url::{self, Noun};

use super::options::Options;
use super::playlist::{Entry, Key, Kind, MediaPlaylist, micros, wall_clock};
use super::segments::{Grid, Listing, Segment};
use super::tracks::Selection;
use crate::deliver::formats::ON_DEMAND;
use crate::publishing_point::document::Document;
use crate::publishing_point::snapshot::{Snapshot, StreamView};

/// The grid of a selection's segments; of key frames it is the narrowest there is.
#[must_use]
pub fn grid(snapshot: &Snapshot, selection: &Selection<'_>) -> Grid {
    let seconds = if selection.key_frames { 0 } else { snapshot.definition.apple.segment_length };
    Grid::of(snapshot, selection.leading, seconds)
}

/// The segments that are shown now; `None` while they are too few.
#[must_use]
pub fn list(snapshot: &Snapshot, selection: &Selection<'_>) -> Option<Listing> {
    if !snapshot.state.serves() {
        return None;
    }
    grid(snapshot, selection).list(selection.leading, |time| selection.reach(time))
}

/// The playlist; `None` while there is too little to show.
#[must_use]
pub fn render(snapshot: &Snapshot, selection: &Selection<'_>, options: &Options) -> Option<Document> {
    let listing = list(snapshot, selection)?;
    let playlist = Playlist { snapshot, selection, options, listing: &listing };
    Some(Document::new(playlist.model().write()))
}

/// The level of `selection` has all chunks of `segment`. Sound is not asked: a segment without it still
/// shows something.
#[must_use]
pub fn has_media(selection: &Selection<'_>, segment: &Segment) -> bool {
    let Some(pictures) = &selection.pictures else { return true };
    let entries = &pictures.level.entries;
    let wanted = if selection.key_frames { 1 } else { usize::MAX };
    let chunks = chunks(selection.leading, segment).take(wanted);
    entries.len() == selection.leading.chunks.len()
        || chunks.into_iter().all(|time| entries.at(time).is_some())
}

/// Where the chunks of `segment` start, in ticks.
pub fn chunks(stream: &StreamView, segment: &Segment) -> impl Iterator<Item = u64> {
    let end = segment.span.end();
    stream.chunks.from(segment.span.time).map(|c| c.time).take_while(move |&time| time < end)
}

struct Playlist<'a> {
    snapshot: &'a Snapshot,
    selection: &'a Selection<'a>,
    options: &'a Options,
    listing: &'a Listing,
}

impl Playlist<'_> {
    fn model(&self) -> MediaPlaylist {
        let apple = &self.snapshot.definition.apple;
        let is_live = self.snapshot.is_live();
        let i_frames_only = self.selection.key_frames;
        MediaPlaylist {
            version: if apple.backward_compatible && !i_frames_only { 3 } else { 6 },
            i_frames_only,
            allow_cache: apple.backward_compatible.then_some(apple.allow_caching),
            target: self.listing.target,
            sequence: self.listing.segments.first().map_or(0, |s| s.number),
            // To the end of a broadcast nothing may change but what is added, so this stays.
            kind: match self.snapshot.definition.module.eq_ignore_ascii_case(ON_DEMAND) {
                true => Some(Kind::Vod),
                false => self.listing.grows.then_some(Kind::Event),
            },
            entries: self.entries(),
            ended: !is_live,
            ..MediaPlaylist::default()
        }
    }

    fn entries(&self) -> Vec<Entry> {
        let apple = &self.snapshot.definition.apple;
        let key_uri = apple.key_uri.as_deref().unwrap_or(KEY_URI);
        let key = |iv| Some(Arc::new(Key { uri: key_uri.to_owned(), iv }));
        // Captions are sent as they are.
        let implied = if apple.enable_encryption && !self.selection.captions { key(None) } else { None };
        let address = Address::of(self.selection, self.options);
        let timescale = self.selection.leading.timescale;
        let mut entries = Vec::with_capacity(self.listing.segments.len());
        let mut before: Option<Segment> = None;
        // The number that players count for the next entry.
        let mut counted = self.listing.segments.first().map_or(0, |s| s.number);
        for segment in &self.listing.segments {
            let missing = segment.number.saturating_sub(counted);
            let gap = before.map_or(0, |b| segment.span.time.saturating_sub(b.span.end()));
            let is_far = missing > LONGEST_GAP;
            if let Some(before) = before.filter(|_| missing > 0 && !is_far) {
                let each = gap / missing;
                // What is missing may begin and end within cells: no entry is longer than the playlist says.
                let duration = micros(each, timescale).min(self.listing.target.saturating_mul(1_000_000));
                for i in 0..missing {
                    let time = before.span.end().saturating_add(each.saturating_mul(i));
                    entries.push(Entry { duration, uri: address.at(time), gap: true, ..Entry::default() });
                }
                counted = segment.number;
            }
            let is_implied = counted == segment.number;
            entries.push(Entry {
                duration: micros(segment.span.duration, timescale),
                uri: address.at(segment.span.time),
                date: wall_clock(segment.span.time, timescale).filter(|_| before.is_none() || gap > 0),
                discontinuity: is_far,
                gap: !has_media(self.selection, segment),
                key: match &implied {
                    Some(_) if !is_implied => key(Some(segment.number.into())),
                    key => key.clone(),
                },
            });
            counted += 1;
            before = Some(*segment);
        }
        entries
    }
}

/// `Fragments(name=time,format=m3u8-aapl).ts`, or `KeyFrames(…)`, relative to the playlist.
struct Address {
    before: String,
    after: String,
}

impl Address {
    fn of(selection: &Selection<'_>, options: &Options) -> Self {
        let noun = if selection.key_frames { Noun::KeyFrames } else { Noun::Fragments };
        let before = format!("{}({}=", noun.as_str(), url::encode(&selection.named.0.name));
        let extension = if selection.captions { "vtt" } else { "ts" };
        Self { before, after: format!(",{}).{extension}", options.inherited()) }
    }

    fn at(&self, time: u64) -> String {
        format!("{}{time}{}", self.before, self.after)
    }
}

/// Segments in a row that are named as gaps. Where more are missing, numbers go on without them behind a
/// discontinuity: a broadcast that was away for hours must not make a playlist of nothing.
const LONGEST_GAP: u64 = 360;

/// The key, as seen from a playlist of one level.
const KEY_URI: &str = "../Key";
