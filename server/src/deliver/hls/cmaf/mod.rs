//! Modern HLS: playlists of CMAF segments, RFC 8216 and its second edition.
//!
//! | address, relative to the publishing point | |
//! | --- | --- |
//! | `Manifest(format=m3u8-cmaf).m3u8` | master playlist |
//! | `QualityLevels(b)/Manifest(video,format=m3u8-cmaf).m3u8` | playlist of one level |
//! | `QualityLevels(b)/Manifest(video,format=m3u8-cmaf,type=keyframes).m3u8` | its key frames |
//! | `QualityLevels(b)/Fragments(video=i,format=m3u8-cmaf).mp4` | init segment |
//! | `QualityLevels(b)/Fragments(video=t,format=m3u8-cmaf).m4s` | media segment |
//! | `QualityLevels(b)/KeyFrames(video=t,format=m3u8-cmaf).m4s` | its first picture |
//! | `QualityLevels(b)/Fragments(captions=t,format=m3u8-cmaf).vtt` | captions |
//!
//! Segments are whole chunks on the grid of [`segments`](super::segments), short ones, for players buffer by
//! segments. `t` is when the first chunk begins, in ticks of the stream; of captions, in ticks of the stream of
//! pictures, whose segments theirs go with. Extensions may be left out.

pub mod master;
pub mod media;

use smooth::manifest::Kind;

use super::segments::{Grid, Listing, Reach, Segment};
use crate::deliver::cmaf::presentation::{Presentation, Track};
use crate::deliver::smooth::fragment::Miss;
use crate::publishing_point::snapshot::Snapshot;

/// A presentation cut into segments.
pub struct Cut<'a> {
    /// What is cut.
    pub presentation: Presentation<'a>,
    /// Index of the track that is cut first: pictures, else sound.
    leading: usize,
    grid: Grid,
}

impl<'a> Cut<'a> {
    /// The presentation of `snapshot`, cut; `None` while there is nothing to show.
    #[must_use]
    pub fn of(snapshot: &'a Snapshot) -> Option<Self> {
        let presentation = Presentation::of(snapshot)?;
        let kinds = [Kind::Video, Kind::Audio];
        let first = |kind| presentation.tracks.iter().position(|t| t.stream.kind == kind);
        let leading = kinds.into_iter().find_map(first)?;
        let grid = Grid::of(snapshot, presentation.tracks.get(leading)?.stream, SECONDS);
        Some(Self { presentation, leading, grid })
    }

    /// The track named `name`.
    #[must_use]
    pub fn track(&self, name: &str) -> Option<&Track<'a>> {
        self.presentation.tracks.iter().find(|t| t.stream.name.eq_ignore_ascii_case(name))
    }

    /// The track whose chunks the segments of `track` are made of. Captions go with the pictures, for their
    /// own chunks may be rare.
    #[must_use]
    pub fn chunks_of<'b>(&'b self, track: &'b Track<'a>) -> &'b Track<'a> {
        if track.stream.kind == Kind::Text { &self.presentation.tracks[self.leading] } else { track }
    }

    /// The segments of `track` that a playlist names now; `None` while they are too few.
    #[must_use]
    pub fn list(&self, track: &Track<'a>) -> Option<Listing> {
        self.grid_of(track).list(self.chunks_of(track).stream, self.reach(track))
    }

    /// The segment of `track` that starts at `time`.
    ///
    /// # Errors
    ///
    /// As [`Grid::find`].
    pub fn find(&self, track: &Track<'a>, time: u64) -> Result<Segment, Miss> {
        self.grid_of(track).find(self.chunks_of(track).stream, time, self.reach(track))
    }

    fn grid_of(&self, track: &Track<'a>) -> Grid {
        let leading = self.presentation.tracks[self.leading].stream;
        let stream = self.chunks_of(track).stream;
        if std::ptr::eq(leading, stream) { self.grid } else { self.grid.beside(leading, stream) }
    }

    /// Whether captions have come as far as the pictures that they go with.
    fn reach(&self, track: &Track<'a>) -> impl Fn(u64) -> Reach {
        let end = track.stream.chunks.last().map(|c| track.ms(c.end()));
        let waiting = track.stream.waiting.map(|time| track.ms(time));
        let pictures = (track.stream.kind == Kind::Text).then(|| {
            let leading = &self.presentation.tracks[self.leading];
            (leading.clock, leading.stream.timescale)
        });
        move |time| {
            let Some((clock, timescale)) = pictures else { return Reach::There };
            let ms = timescale.rescale(time.saturating_sub(clock.zero()), smooth::Timescale::MILLISECONDS);
            Reach::to(ms, end, waiting)
        }
    }
}

/// Segments last so long, or as chunks do where those are longer.
const SECONDS: u32 = 2;
