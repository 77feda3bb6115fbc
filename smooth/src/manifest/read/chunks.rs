//! `c` elements into a [`Timeline`], [MS-SSTR] 2.2.2.6 and 3.1.5.1.

use super::fields::number;
use crate::{
    error::Error,
    manifest::{Reason, Run, Timeline},
    xml::Element,
};

/// Builds a timeline from chunks of which each may lack its start, its duration, or both.
pub(super) struct Chunks {
    timeline: Timeline,
    /// End of the last chunk: where one without `t` begins.
    cursor: u64,
    /// A chunk without `d`: its duration shows at the next one.
    open: Option<(u64, u64)>,
    /// Duration of the last chunk that had one.
    previous: u64,
    /// Chunks that start where an earlier one does, or before it.
    misplaced: u64,
    /// Zero is a duration: captions and events have none.
    text: bool,
    /// A missing duration is zero.
    sparse: bool,
    max: u64,
}

impl Chunks {
    pub(super) const fn new(text: bool, sparse: bool, max: u64) -> Self {
        let timeline = Timeline::new();
        Self { timeline, cursor: 0, open: None, previous: 0, misplaced: 0, text, sparse, max }
    }

    /// Takes in one `c`, and returns where it starts, `None` if it is left out. `n` is never needed.
    pub(super) fn read(&mut self, element: &Element<'_>) -> Result<Result<Option<u64>, Reason>, Error> {
        let (mut t, mut d, mut r) = (None, None, None);
        for attribute in element.attributes() {
            let (name, value) = attribute?;
            // Not by a table: a manifest has hundreds of thousands of these.
            let (field, name) = match name {
                "t" => (&mut t, "t"),
                "d" => (&mut d, "d"),
                "r" => (&mut r, "r"),
                _ => continue,
            };
            *field = number(&value);
            if field.is_none() {
                return Ok(Err(Reason::BadAttribute(name)));
            }
        }
        Ok(self.push(t, d, r.unwrap_or(1).max(1)))
    }

    fn push(&mut self, t: Option<u64>, d: Option<u64>, r: u64) -> Result<Option<u64>, Reason> {
        if !self.close(t)? {
            return Err(Reason::BadChunks("neither d nor t of the next"));
        }
        let start = t.unwrap_or(self.cursor);
        let last = self.timeline.last().map(|last| last.time);
        if last.is_some_and(|last| start <= last) {
            self.misplaced = self.misplaced.saturating_add(1);
            self.advance(start, d.unwrap_or(0), r)?;
            return Ok(last.filter(|&last| start == last));
        }
        match d {
            Some(0) if !self.text && !self.sparse => self.open = Some((start, r)),
            Some(d) => self.append(start, d, r)?,
            None if self.sparse => self.append(start, 0, r)?,
            None => self.open = Some((start, r)),
        }
        Ok(Some(start))
    }

    /// Ends the chunk that waits for its duration, at `next` if that is known, else after as long as
    /// the one before it. False if nothing tells its duration; it is left out then.
    fn close(&mut self, next: Option<u64>) -> Result<bool, Reason> {
        let Some((start, count)) = self.open.take() else {
            return Ok(true);
        };
        let known = next.and_then(|next| next.checked_sub(start)).and_then(|d| d.checked_div(count));
        let duration = known.filter(|&d| d > 0).unwrap_or(self.previous);
        if duration == 0 && !self.text {
            return Ok(next.is_some());
        }
        self.append(start, duration, count)?;
        Ok(true)
    }

    fn append(&mut self, time: u64, duration: u64, count: u64) -> Result<(), Reason> {
        // Only the first of several can be told apart where none lasts.
        let count = if duration == 0 { 1 } else { count };
        self.advance(time, duration, count)?;
        if self.timeline.len().saturating_add(count) > self.max {
            return Err(Reason::Limit("chunks"));
        }
        self.timeline.push_run(Run { time, duration, count });
        self.previous = duration;
        Ok(())
    }

    fn advance(&mut self, time: u64, duration: u64, count: u64) -> Result<(), Reason> {
        let end = duration.checked_mul(count).and_then(|d| time.checked_add(d));
        self.cursor = end.ok_or(Reason::BadChunks("beyond 64 bits"))?;
        Ok(())
    }

    /// The timeline. `duration` is that of the presentation in ticks of the stream, 0 if unknown.
    pub(super) fn finish(mut self, duration: u64) -> Result<Timeline, Reason> {
        self.close(Some(duration).filter(|&d| d > 0))?;
        // A chunk listed twice harms nobody. A list that runs backwards is no list.
        if self.misplaced > self.timeline.len() {
            return Err(Reason::BadChunks("t goes back"));
        }
        Ok(self.timeline)
    }
}
