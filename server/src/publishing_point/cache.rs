//! The live cache: which fragments of the window lie in memory, beside the log that has them all.

use super::broadcast::Broadcast;
use super::runs::{from_units, to_units};
use super::track::Track;

impl Broadcast {
    /// Learns where the log has put fragments.
    pub(super) fn absorb(&mut self) {
        for stored in self.log.stored() {
            if let Some(track) = self.tracks.get_mut(stored.track) {
                track.entries.change(stored.time, |entry| entry.place = Some(stored.place));
            }
        }
    }

    /// Lets go of stored media that is older than the live cache.
    pub(super) fn cool(&mut self) {
        let end = self.end();
        let length = i64::try_from(self.rules.live_cache.saturating_mul(10_000_000)).unwrap_or(i64::MAX);
        let floor = end.saturating_sub(length);
        for track in &mut self.tracks {
            let floor = u64::try_from(from_units(floor, track.spec.timescale)).unwrap_or(0);
            while track.cool(|end| end <= floor) {}
        }
    }

    /// Lets go of stored media that ends `age` or more before the broadcast does, in units of 100 ns, for
    /// viewers' version as well.
    pub(super) fn cool_beyond(&mut self, age: i64) {
        let floor = self.end().saturating_sub(age);
        for track in &mut self.tracks {
            let timescale = track.spec.timescale;
            while track.cool(|end| to_units(end.cast_signed(), timescale) <= floor) {
                self.changed = true;
            }
        }
    }

    /// Lets go of the oldest stored media. Returns whether there was any.
    pub(super) fn cool_oldest(&mut self) -> bool {
        let hot = |track: &mut Track| {
            let entry = track.oldest_hot()?;
            entry.place?;
            Some(to_units(entry.span.time.cast_signed(), track.spec.timescale))
        };
        let oldest = self.tracks.iter_mut().filter_map(|t| Some((hot(t)?, t))).min_by_key(|&(time, _)| time);
        oldest.is_some_and(|(_, track)| track.cool(|_| true))
    }
}

impl Track {
    /// Lets go of the media of the oldest fragment that is in memory, if it is stored and `goes` says so of
    /// its end in ticks.
    fn cool(&mut self, goes: impl Fn(u64) -> bool) -> bool {
        let stored = self.oldest_hot().filter(|e| e.place.is_some());
        let Some(entry) = stored.filter(|e| goes(e.span.end())) else {
            return false;
        };
        let (time, before) = (entry.span.time, entry.cost());
        self.entries.change(time, |entry| entry.media = None);
        let after = self.entries.at(time).map_or(0, super::track::Entry::cost);
        self.bytes = self.bytes.saturating_sub(before.saturating_sub(after));
        self.hot = time.saturating_add(1);
        true
    }

    /// The oldest published fragment that is in memory.
    fn oldest_hot(&mut self) -> Option<&super::track::Entry> {
        let entry = self.entries.from(self.hot).find(|e| e.media.is_some());
        // What lies before it is not looked at again.
        self.hot = entry.map_or(u64::MAX, |e| e.span.time);
        entry
    }
}
