//! The streams of a presentation as they stand: levels that play, chunks known so far.

use smooth::codec::Codec;
use smooth::manifest::{Embedded, Kind, Manifest, QualityLevel, Reason, Skipped, Timeline};
use smooth::{Limits, Span, Timescale};

use super::key_frames::FILM_STRIP;
use super::time::{Bound, Zero};
use super::{LevelInfo, StreamInfo};

/// A quality level that plays.
#[derive(Clone, Debug)]
pub(super) struct Level {
    pub(super) model: QualityLevel,
    pub(super) codec: Codec,
    pub(super) mime: String,
    /// Not chosen automatically before this time: its fragments were missing or did not decode.
    pub(super) failing_until: f64,
}

/// A stream that plays.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) language: String,
    pub(super) timescale: Timescale,
    pub(super) url: String,
    /// Text that is no captions: what it is of, its `Subtype`.
    pub(super) data: Option<String>,
    /// `ParentStreamIndex`: its fragments are announced by those of another stream.
    pub(super) sparse: bool,
    /// Samples that stand in the manifest and are not delivered yet.
    pub(super) embedded: Vec<Embedded>,
    /// Starts of those that are delivered, of late.
    pub(super) told: Vec<u64>,
    /// Lowest bitrate first.
    pub(super) levels: Vec<Level>,
    /// Chunks known from manifests and `tfrf`.
    pub(super) chunks: Timeline,
    /// Start of the newest chunk that is known to be served. Chunks after it are announced only.
    pub(super) served: Option<u64>,
    /// No guess at what comes next is made before this time.
    pub(super) guess_at: f64,
    /// When a chunk is served: session time minus start position, in seconds.
    pub(super) offset: Option<f64>,
}

impl Stream {
    /// The streams of `manifest` that can be played as far as their codecs tell, and why the others
    /// cannot.
    pub(super) fn read_all(manifest: &mut Manifest) -> (Vec<Self>, Vec<Skipped>) {
        let mut skipped = core::mem::take(&mut manifest.skipped);
        let mut streams = Vec::new();
        for mut model in core::mem::take(&mut manifest.streams) {
            if model.subtype == FILM_STRIP {
                model.kind = Kind::Text;
            }
            let data = model.kind == Kind::Text && !model.is_caption();
            let name = &model.name;
            let mut skip = |bitrate, reason| skipped.push(Skipped { stream: name.clone(), bitrate, reason });
            let mut levels: Vec<Level> = Vec::new();
            for level in core::mem::take(&mut model.levels) {
                // Data is handed on as it is, whatever it may be.
                let codec = if data {
                    Ok(Codec::Ttml)
                } else {
                    Codec::from_level(model.kind, &level, &model.subtype)
                };
                match codec {
                    Ok(codec) => {
                        let place = levels.iter().take_while(|l| l.model.bitrate <= level.bitrate).count();
                        let mime = codec.mime();
                        levels.insert(place, Level { model: level, mime, codec, failing_until: 0.0 });
                    }
                    Err(reason) => skip(Some(level.bitrate), reason),
                }
            }
            if levels.is_empty() && model.embedded.is_empty() {
                skip(None, Reason::NoLevels);
                continue;
            }
            let served = model.chunks.last().map(|chunk| chunk.time);
            streams.push(Self {
                kind: model.kind,
                name: model.name,
                language: model.language,
                timescale: model.timescale,
                url: model.url,
                data: data.then_some(model.subtype),
                sparse: model.parent.is_some(),
                embedded: model.embedded,
                told: Vec::new(),
                levels,
                chunks: model.chunks,
                served,
                guess_at: 0.0,
                offset: None,
            });
        }
        (streams, skipped)
    }

    /// Drops the levels whose type is not in `supported`, and if a buffer has to keep its type those of another
    /// codec than the lowest. What is left may be nothing.
    pub(super) fn keep_supported(
        &mut self,
        supported: &[(String, Option<bool>)],
        change_type: bool,
        skipped: &mut Vec<Skipped>,
    ) {
        if self.kind == Kind::Text {
            return;
        }
        let name = &self.name;
        let mut i = 0;
        while let Some(level) = self.levels.get(i) {
            let first = self.levels.first().filter(|_| i > 0 && !change_type);
            let fits = first.is_none_or(|first| family(&first.mime) == family(&level.mime));
            if fits && supported.iter().any(|(mime, yes)| *yes == Some(true) && *mime == level.mime) {
                i = i.saturating_add(1);
                continue;
            }
            let reason = Reason::UnsupportedCodec(level.codec.codec_string());
            skipped.push(Skipped { stream: name.clone(), bitrate: Some(level.model.bitrate), reason });
            self.levels.remove(i);
        }
        if self.levels.is_empty() {
            skipped.push(Skipped { stream: name.clone(), bitrate: None, reason: Reason::NoLevels });
        }
    }

    /// Extends the timeline by what a fragment announces (`tfrf`). Says whether there was anything new.
    pub(super) fn announce(&mut self, look_ahead: &[Span], limits: &Limits) -> bool {
        let mut news = false;
        for entry in look_ahead {
            if self.chunks.len() >= limits.chunks {
                break;
            }
            if let Some(last) = self.chunks.last() {
                // The next start is the truth about the last duration, unless it is far off: then it is a gap.
                let length = entry.time.saturating_sub(last.time);
                let slack = last.duration / 2;
                if entry.time > last.time
                    && length != last.duration
                    && length.abs_diff(last.duration) <= slack
                {
                    self.chunks.set_last_duration(length);
                }
            }
            news |= self.chunks.push(*entry);
        }
        news
    }

    /// Captions that leave no gaps go on where they stop, and asking for what comes next is cheaper than asking
    /// for a manifest that lists it. `None` for other streams, and for a while after a guess that was wrong.
    pub(super) fn guess(&self, now: f64) -> Option<Span> {
        let last = self.chunks.last()?;
        let before = self.chunks.floor(last.time.checked_sub(1)?)?;
        let dense = self.kind == Kind::Text && last.duration > 0 && before.end() == last.time;
        (dense && now >= self.guess_at).then_some(Span { time: last.end(), duration: last.duration })
    }

    /// Takes over the chunk list of a newer manifest. What `tfrf` announced beyond it stays, unless the
    /// list is `complete`: the broadcast is over.
    pub(super) fn reload(&mut self, list: Timeline, complete: bool) -> Reloaded {
        let Some(last) = list.last() else { return Reloaded::Same };
        let restarted = self.chunks.first().is_some_and(|first| last.time < first.time);
        let news = self.served.is_none_or(|served| last.time > served);
        let mut announced = Vec::new();
        let mut next = if restarted || complete { None } else { self.chunks.after(last.time) };
        while let Some(chunk) = next.filter(|_| announced.len() < MAX_ANNOUNCED) {
            announced.push(chunk);
            next = self.chunks.after(chunk.time);
        }
        self.chunks = list;
        for chunk in announced {
            self.chunks.push(chunk);
        }
        if restarted {
            self.served = Some(last.time);
            self.offset = None;
            return Reloaded::Restarted;
        }
        self.served = self.served.max(Some(last.time));
        if news { Reloaded::News } else { Reloaded::Same }
    }

    /// Notes that the chunk at `time` was served when `now` was the session's time. `sure` if it was asked
    /// for in vain before.
    pub(super) fn serve(&mut self, time: u64, now: f64, zero: Zero, sure: bool) {
        let offset = now - zero.position(time, self.timescale);
        if self.served.is_none_or(|served| time >= served) {
            self.served = Some(time);
            self.offset = Some(match self.offset {
                Some(known) if !sure => known.at_most(offset),
                _ => offset,
            });
        }
    }

    /// When the chunk at `time` is expected to be served, in seconds of the session; 0 if it is already. What
    /// is announced was received: a hole before it is nothing to wait for.
    pub(super) fn expected(&self, time: u64, zero: Zero) -> f64 {
        if self.served.is_some_and(|served| time <= served) {
            return 0.0;
        }
        let mut holes = 0_u64;
        let mut before = self.newest();
        while let Some((last, next)) = before.and_then(|last| Some((last, self.chunks.after(last.time)?))) {
            if next.time > time {
                break;
            }
            holes = holes.saturating_add(next.time.saturating_sub(last.end()));
            before = Some(next);
        }
        let position = zero.position(time, self.timescale) - self.timescale.seconds(holes);
        self.offset.map_or(0.0, |offset| position + offset)
    }

    /// Start and end of a chunk as positions in seconds.
    pub(super) fn place(&self, chunk: Span, zero: Zero) -> (f64, f64) {
        (zero.position(chunk.time, self.timescale), zero.position(chunk.end(), self.timescale))
    }

    /// The newest chunk that is served.
    pub(super) fn newest(&self) -> Option<Span> {
        self.chunks.floor(self.served?)
    }

    /// Duration of a typical chunk, in seconds: the last but one listed, as the last may be cut short.
    pub(super) fn chunk_seconds(&self) -> f64 {
        let last = self.chunks.last();
        let before = last.and_then(|l| self.chunks.floor(l.time.checked_sub(1)?));
        let longest = last.map_or(0, |c| c.duration).max(before.map_or(0, |c| c.duration));
        let seconds = self.timescale.seconds(longest);
        if seconds > 0.0 { seconds } else { 2.0 }
    }

    /// What a page may choose.
    pub(super) fn info(&self, selected: bool) -> StreamInfo<'_> {
        let mut levels = Vec::new();
        for Level { model, mime, .. } in &self.levels {
            let (bitrate, width, height) = (model.bitrate, model.width, model.height);
            levels.push(LevelInfo { bitrate, width, height, mime });
        }
        let (name, language) = (self.name.as_str(), self.language.as_str());
        StreamInfo { kind: self.kind, data: self.data.as_deref(), name, language, selected, levels }
    }
}

/// What decides whether a buffer must change its type: container and codec, not its profile.
pub(super) fn family(mime: &str) -> &[u8] {
    mime.as_bytes().split(|&byte| byte == b'.').next().unwrap_or_default()
}

/// Chunks that may be announced beyond a manifest.
const MAX_ANNOUNCED: usize = 64;

/// What a newer manifest said. See [`Stream::reload`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reloaded {
    /// Nothing new.
    Same,
    /// New chunks.
    News,
    /// Another timeline altogether: everything known before is gone.
    Restarted,
}
