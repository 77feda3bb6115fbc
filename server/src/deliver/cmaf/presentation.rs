//! What of a snapshot players of CMAF can show, and the clock it is on.
//!
//! Browsers and their players count in floating-point numbers, which are exact up to 2^53 only: Unix time
//! in 100 ns is beyond that, and a player asks for an address that does not exist. So times count from an
//! *epoch*, a multiple of 2^29 seconds (17 years) since 1970: what is left of any time of this century has
//! no more than 53 bits. A broadcast that counts from zero has epoch 0. The epoch follows from the media
//! alone, so all origins agree, and it stays the same while a window slides.
//!
//! The clock of the segments begins `LEAD` seconds before the epoch, so that what is decoded before it is
//! presented needs no time below zero.

use smooth::codec::Codec;
use smooth::manifest::Kind;
use smooth::{Span, Timescale};

use crate::publishing_point::snapshot::{LevelView, Snapshot, StreamView};

/// See the module.
pub struct Presentation<'a> {
    /// Where it comes from.
    pub snapshot: &'a Snapshot,
    /// Its epoch, in seconds on the clock of the snapshot.
    pub epoch: u64,
    /// Streams in the order of the manifest.
    pub tracks: Vec<Track<'a>>,
}

/// One stream with what of it can be shown.
pub struct Track<'a> {
    /// The stream.
    pub stream: &'a StreamView,
    /// Its levels, lowest bitrate first; at least one, each with fragments.
    pub renditions: Vec<Rendition<'a>>,
    /// Its clock.
    pub clock: Clock,
}

/// The clock of the segments of one stream. What is before its zero is at zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    epoch: u64,
    lead: u64,
}

impl Clock {
    /// The clock of a stream with `timescale`; `epoch` in seconds.
    #[must_use]
    pub fn new(epoch: u64, timescale: Timescale) -> Self {
        let second = u64::from(timescale.get());
        Self { epoch: epoch.saturating_mul(second), lead: LEAD.saturating_mul(second) }
    }

    /// From the snapshot's clock to this one.
    #[must_use]
    pub const fn of(self, span: Span) -> Span {
        let time = span.time.saturating_add(self.lead).saturating_sub(self.epoch);
        Span { time, duration: span.duration }
    }

    /// From this clock to the snapshot's; `None` for a time that has no place on it.
    #[must_use]
    pub fn back(self, time: u64) -> Option<u64> {
        time.checked_add(self.epoch)?.checked_sub(self.lead)
    }

    /// The epoch on this clock, in ticks.
    #[must_use]
    pub const fn origin(self) -> u64 {
        self.lead
    }

    /// The epoch on the snapshot's clock, in ticks.
    #[must_use]
    pub const fn zero(self) -> u64 {
        self.epoch
    }
}

/// One level of a [`Track`].
pub struct Rendition<'a> {
    /// The level.
    pub level: &'a LevelView,
    /// What its decoder needs.
    pub codec: Codec,
}

impl<'a> Presentation<'a> {
    /// The presentation; `None` while there is nothing to show.
    ///
    /// As the manifest, it waits until every stream of picture and sound has something to show, or one has
    /// `PATIENCE` chunks. What no player of CMAF can decode is left out.
    #[must_use]
    pub fn of(snapshot: &'a Snapshot) -> Option<Self> {
        if !snapshot.state.serves() {
            return None;
        }
        let media = || snapshot.streams.iter().filter(|s| s.kind != Kind::Text);
        let most = media().map(|s| s.chunks.len()).max()?;
        if snapshot.is_live() && most < PATIENCE && media().any(|s| s.chunks.is_empty()) {
            return None;
        }
        let epoch = media().filter_map(|s| Some(epoch(s.chunks.first()?.time, s.timescale))).min()?;
        let tracks: Vec<_> = snapshot.streams.iter().filter_map(|s| Track::of(s, epoch)).collect();
        let shows = tracks.iter().any(|t| t.stream.kind != Kind::Text);
        shows.then_some(Self { snapshot, epoch, tracks })
    }

    /// The tracks of picture and sound.
    pub fn media(&self) -> impl Iterator<Item = &Track<'a>> {
        self.tracks.iter().filter(|t| t.stream.kind != Kind::Text)
    }

    /// First and last moment of picture and sound, in milliseconds since the epoch.
    #[must_use]
    pub fn reach(&self) -> (u64, u64) {
        let first = self.media().filter_map(|t| Some(t.ms(t.stream.chunks.first()?.time))).min();
        let last = self.media().filter_map(|t| Some(t.ms(t.stream.chunks.last()?.end()))).max();
        (first.unwrap_or(0), last.unwrap_or(0))
    }

    /// The longest chunk of picture and sound, in milliseconds, rounded up; at least 1.
    #[must_use]
    pub fn longest(&self) -> u64 {
        let ms = |t: &Track<'_>| {
            let longest = t.stream.chunks.iter().map(|c| c.duration).max().unwrap_or(0);
            t.stream.timescale.rescale(longest, Timescale::MILLISECONDS).saturating_add(1)
        };
        self.media().map(ms).max().unwrap_or(1)
    }
}

impl<'a> Track<'a> {
    fn of(stream: &'a StreamView, epoch: u64) -> Option<Self> {
        let rendition = |level: &'a LevelView| {
            let spec = &level.spec;
            let codec = Codec::from_level(spec.kind, &spec.level, &spec.subtype).ok()?;
            (!level.entries.is_empty()).then_some(Rendition { level, codec })
        };
        let renditions: Vec<_> = stream.levels.iter().filter_map(rendition).collect();
        let clock = Clock::new(epoch, stream.timescale);
        (!renditions.is_empty()).then_some(Self { stream, renditions, clock })
    }

    /// The language as BCP 47 and `mdhd` have it; `None` if unknown.
    #[must_use]
    pub fn language(&self) -> Option<&'a str> {
        self.renditions.first().and_then(|r| language(&r.level.spec.language))
    }

    /// A time of the stream in milliseconds since the epoch.
    #[must_use]
    pub fn ms(&self, ticks: u64) -> u64 {
        let since = ticks.saturating_sub(self.clock.zero());
        self.stream.timescale.rescale(since, Timescale::MILLISECONDS)
    }
}

/// `language`, unless it says that it is unknown.
#[must_use]
pub fn language(language: &str) -> Option<&str> {
    Some(language.trim()).filter(|l| !l.is_empty() && !l.eq_ignore_ascii_case("und"))
}

/// The epoch of a presentation that begins at `time`, in seconds.
const fn epoch(time: u64, timescale: Timescale) -> u64 {
    let seconds = time / timescale.get() as u64;
    seconds & !(STEP - 1)
}

/// From epoch to epoch, in seconds. 2^29 s of 100 ns are 2^52.3 ticks.
const STEP: u64 = 1 << 29;

/// From the zero of the segments' clock to the epoch, in seconds.
const LEAD: u64 = 10;

/// Chunks that one stream has to have before the presentation is shown without another.
const PATIENCE: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_since_the_epoch_are_exact_in_a_browser() {
        for (time, expected) in [(0, 0), (72_000_000_000, 0), (17_472_959_488_675_333, 3 << 29)] {
            assert_eq!(epoch(time, Timescale::DEFAULT), expected);
            // Ten years later still.
            assert!(time - expected * 10_000_000 + 3_200_000_000_000_000 < 1 << 53);
            let clock = Clock::new(expected, Timescale::DEFAULT);
            assert_eq!(clock.back(clock.of(Span { time, duration: 1 }).time), Some(time));
        }
    }
}
