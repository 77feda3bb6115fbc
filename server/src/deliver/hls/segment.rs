//! One segment: the samples of the fragments that it is made of, in a transport stream.

use std::io;
use std::sync::Arc;

use smooth::boxes::{build, read_head};
use smooth::smil::definition::Key;
use smooth::{Limits, Timescale};

use super::tracks::Selection;
use super::ts::{self, Audio, Frame, Picture, Program, Video, clock};
use super::{crypt, media, segments::Segment};
use crate::archive::{Media, hash};
use crate::publishing_point::snapshot::{LevelView, Snapshot, StreamView};
use crate::publishing_point::track::Entry;

/// Why there is no segment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The fragments are encrypted for other players.
    #[error("the fragments are encrypted, and cannot be put into a transport stream")]
    Encrypted,
    /// A fragment has left the window in the meantime.
    #[error("a fragment of the segment is gone")]
    Gone,
    /// The storage failed.
    #[error("a fragment of the segment cannot be read: {0}")]
    Storage(#[from] io::Error),
    /// A fragment whose boxes contradict themselves.
    #[error("a fragment of the segment is broken: {0}")]
    Fragment(#[from] smooth::Error),
    /// A sample that lies outside its fragment.
    #[error("a fragment of the segment is broken: a sample lies outside the media")]
    Sample,
    /// A sample that does not fit into a transport stream.
    #[error("a fragment of the segment is broken: {0}")]
    Stream(#[from] ts::Error),
}

/// What a segment is made of.
pub struct Recipe<'a> {
    number: u64,
    program: Program,
    key: Option<Key>,
    pictures: Vec<(&'a LevelView, &'a Entry)>,
    sound: Vec<(&'a LevelView, &'a Entry)>,
    picture_clock: Timescale,
    sound_clock: Timescale,
    /// Sound that begins here or later belongs to it, in ticks of the sound …
    from: u64,
    /// … and before here.
    to: u64,
    /// The first fragment of sound is the first of its stream.
    opens: bool,
}

/// See [`Recipe::identity`]. It holds a secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    number: u64,
    media: u64,
    key: Option<[u8; 16]>,
}

#[cfg(test)]
impl Identity {
    pub(super) const fn of(number: u64) -> Self {
        Self { number, media: 0, key: None }
    }
}

/// A [`Recipe`] with the bytes of its fragments.
pub struct Ingredients {
    number: u64,
    program: Program,
    key: Option<Key>,
    pictures: Vec<Piece>,
    sound: Vec<Piece>,
    picture_clock: Timescale,
    sound_clock: Timescale,
    from: u64,
    to: u64,
    opens: bool,
}

/// A fragment at its place.
struct Piece {
    time: u64,
    duration: u64,
    media: Arc<Media>,
}

impl<'a> Recipe<'a> {
    /// What `segment` of `selection` is made of: whole chunks of pictures, and the sound between its first
    /// tick and its end. Sound before the first picture of all, and after the last, goes with those.
    #[must_use]
    pub fn of(snapshot: &Snapshot, selection: &Selection<'a>, segment: &Segment) -> Self {
        let leading = selection.leading;
        let span = segment.span;
        let begins = leading.gone.is_none() && leading.chunks.first().is_some_and(|c| c.time == span.time);
        let ends = !snapshot.is_live() && leading.chunks.last().is_some_and(|c| c.end() == span.end());
        let first = if begins { span.time.saturating_sub(span.duration) } else { span.time };
        let last = if ends { span.end().saturating_add(span.duration) } else { span.end() };
        let mut recipe = Self {
            number: segment.number,
            program: Program::default(),
            key: snapshot
                .definition
                .apple
                .encryption_key
                .filter(|_| snapshot.definition.apple.enable_encryption),
            pictures: Vec::new(),
            sound: Vec::new(),
            picture_clock: leading.timescale,
            sound_clock: leading.timescale,
            from: first,
            to: last,
            opens: false,
        };
        if let Some(pictures) = &selection.pictures {
            recipe.program.video = Some(Video {
                parameter_sets: pictures.codec.private_data(),
                nal_length: pictures.codec.nal_length,
            });
            let entries = &pictures.level.entries;
            let found = media::chunks(leading, segment).filter_map(|time| entries.at(time));
            recipe.pictures = found.map(|entry| (pictures.level, entry)).collect();
        }
        if let Some(sound) = &selection.sound {
            recipe.program.audio =
                Some(Audio { header: sound.header, language: sound.level.spec.language.clone() });
            recipe.sound_clock = sound.stream.timescale;
            let ticks = |time| leading.timescale.rescale(time, sound.stream.timescale);
            (recipe.from, recipe.to) = (ticks(first), ticks(last));
            let found = between(sound.stream, recipe.from, recipe.to);
            recipe.opens = sound.stream.gone.is_none()
                && sound.stream.chunks.first().is_some_and(|c| c.end() > recipe.from);
            recipe.sound =
                found.filter_map(|time| Some((sound.level, sound.level.entries.at(time)?))).collect();
        }
        recipe
    }

    /// What tells it from other recipes of a publishing point.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let tracks = self.program.video.iter().count() << 1 | self.program.audio.iter().count();
        let mut words =
            vec![tracks as u64, self.opens.into(), self.from, self.to, self.pictures.len() as u64];
        for (level, entry) in self.pictures.iter().chain(&self.sound) {
            words.extend([level.id as u64, entry.span.time, entry.span.duration, entry.hash]);
        }
        let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
        Identity { number: self.number, media: hash(&bytes), key: self.key.map(|key| key.0) }
    }

    /// Fetches the fragments.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`], [`Error::Storage`]
    pub async fn load(self, snapshot: &Snapshot) -> Result<Ingredients, Error> {
        let (mut pictures, mut sound) = (Vec::new(), Vec::new());
        for (from, to) in [(&self.pictures, &mut pictures), (&self.sound, &mut sound)] {
            for (level, entry) in from {
                let media = snapshot.load(level, entry).await?.ok_or(Error::Gone)?;
                to.push(Piece { time: entry.span.time, duration: entry.span.duration, media });
            }
        }
        let Self { number, program, key, picture_clock, sound_clock, from, to, opens, .. } = self;
        Ok(Ingredients { number, program, key, pictures, sound, picture_clock, sound_clock, from, to, opens })
    }
}

impl Ingredients {
    /// Makes the segment.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub fn make(&self) -> Result<Vec<u8>, Error> {
        let (pictures, end) = self.pictures()?;
        let (frames, sound_end) = self.frames()?;
        let until = end.or(sound_end).unwrap_or(0);
        let stream = ts::mux(&self.program, self.number, &pictures, &frames, until)?;
        Ok(match self.key {
            Some(key) => crypt::encrypt(stream, key, self.number),
            None => stream,
        })
    }

    /// The pictures, and when the last one is over.
    ///
    /// A fragment's time is when its first picture is shown, so it is decoded earlier by the offset of
    /// that. Offsets may be negative in `trun` of version 1, and runs may overlap by a tick: so decode
    /// times are lowered, from the last one on, until none is later than its picture or the next one's.
    fn pictures(&self) -> Result<(Vec<Picture<'_>>, Option<u64>), Error> {
        let (mut pictures, mut end) = (Vec::new(), None);
        for piece in &self.pictures {
            let samples = piece.samples()?;
            let offset = samples.first().map_or(0, |s| s.offset);
            let mut ticks = i128::from(piece.time) - i128::from(offset);
            for (i, sample) in samples.iter().enumerate() {
                let shown = ticks + i128::from(sample.offset);
                ticks += i128::from(sample.duration);
                pictures.push(Picture {
                    data: sample.data,
                    dts: clock(ticks - i128::from(sample.duration), self.picture_clock),
                    pts: clock(shown, self.picture_clock),
                    sync: i == 0,
                });
            }
            end = Some(clock(ticks, self.picture_clock));
        }
        let mut next = u64::MAX;
        for picture in pictures.iter_mut().rev() {
            picture.dts = picture.dts.min(picture.pts).min(next.saturating_sub(1));
            next = picture.dts;
        }
        Ok((pictures, end))
    }

    /// The frames of sound that belong to the segment, and when the last one is over.
    ///
    /// Where an encoder began anew, its first fragment may begin before its place, AAC's priming: what is
    /// mostly over by then is left out. At the very beginning it is kept, for it is in no one's way.
    fn frames(&self) -> Result<(Vec<Frame<'_>>, Option<u64>), Error> {
        let (mut frames, mut end) = (Vec::new(), None);
        for (index, piece) in self.sound.iter().enumerate() {
            let keeps_all = self.opens && index == 0;
            let samples = piece.samples()?;
            let lasts: u64 = samples.iter().map(|s| u64::from(s.duration)).sum();
            let early = lasts.saturating_sub(piece.duration);
            let mut ticks = i128::from(piece.time) - i128::from(early);
            for sample in &samples {
                let start = ticks;
                ticks += i128::from(sample.duration);
                let is_over = !keeps_all && start + i128::from(sample.duration / 2) < i128::from(piece.time);
                let place = start.max(piece.time.into());
                if !sample.data.is_empty() && !is_over && (self.from.into()..self.to.into()).contains(&place)
                {
                    frames.push(Frame { data: sample.data, pts: clock(start, self.sound_clock) });
                    end = Some(clock(ticks, self.sound_clock));
                }
            }
        }
        Ok((frames, end))
    }
}

/// A sample of a fragment.
struct Sample<'a> {
    data: &'a [u8],
    /// In ticks.
    duration: u32,
    /// Presentation minus decode time, in ticks.
    offset: i32,
}

impl Piece {
    fn samples(&self) -> Result<Vec<Sample<'_>>, Error> {
        // It was read within the settings' limits when it came in.
        let limits = Limits { moof_bytes: usize::MAX, look_ahead: usize::MAX, ..Limits::default() };
        if read_head(&self.media.moof, &limits)?.encrypted {
            return Err(Error::Encrypted);
        }
        let facts = build::read_samples(&self.media.moof, &limits)?;
        let large = self.media.mdat.get(..4) == Some(&[0, 0, 0, 1]);
        let mut rest = self.media.mdat.get(if large { 16 } else { 8 }..).ok_or(Error::Sample)?;
        let each = self.duration.checked_div(facts.len() as u64).and_then(|d| u32::try_from(d).ok());
        let mut samples = Vec::with_capacity(facts.len());
        for fact in &facts {
            let size = if facts.len() == 1 && fact.size == 0 { rest.len() } else { fact.size as usize };
            let (data, after) = rest.split_at_checked(size).ok_or(Error::Sample)?;
            rest = after;
            let duration = if fact.duration == 0 { each.unwrap_or(0) } else { fact.duration };
            samples.push(Sample { data, duration, offset: fact.composition_offset });
        }
        Ok(samples)
    }
}

/// Where the chunks of `stream` start that lie between `from` and `to`, in ticks.
fn between(stream: &StreamView, from: u64, to: u64) -> impl Iterator<Item = u64> {
    let first = stream.chunks.floor(from).filter(|c| c.end() > from).map_or(from, |c| c.time);
    stream.chunks.from(first).map(|c| c.time).take_while(move |&time| time < to)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use smooth::Span;
    use smooth::boxes::build::{FragmentSpec, SYNC_SAMPLE, Sample as Fact, fragment};
    use smooth::codec::aac;

    use super::ts::{ORIGIN, adts};
    use super::*;

    /// A fragment at `time` in milliseconds: durations and composition offsets of its samples, each with
    /// one NAL unit of a byte.
    fn piece(time: u64, duration: u64, samples: &[(u32, i32)]) -> Piece {
        let fact = |&(duration, composition_offset)| Fact {
            duration,
            size: 5,
            flags: SYNC_SAMPLE,
            composition_offset,
        };
        let facts: Vec<_> = samples.iter().map(fact).collect();
        let spec = FragmentSpec { sequence: 1, track_id: 1, span: Span { time, duration }, samples: &facts };
        let moof = fragment(&spec);
        let mut mdat = [&(8 + 5 * facts.len() as u32).to_be_bytes()[..], b"mdat"].concat();
        (0..facts.len()).for_each(|_| mdat.extend_from_slice(&[0, 0, 0, 1, 0x41]));
        Piece { time, duration, media: Arc::new(Media::new(moof.into(), mdat.into())) }
    }

    fn ingredients(pictures: Vec<Piece>, sound: Vec<Piece>) -> Ingredients {
        let lc = aac::Config::read_asc(&[0x11, 0x90]).unwrap();
        let program = Program {
            video: Some(Video { parameter_sets: Vec::new(), nal_length: 4 }),
            audio: Some(Audio { header: adts::Header::new(&lc).unwrap(), language: String::new() }),
        };
        let clock = Timescale::new(1000).unwrap();
        let (picture_clock, sound_clock) = (clock, clock);
        let (from, to, opens) = (0, u64::MAX, false);
        Ingredients {
            number: 0,
            program,
            key: None,
            pictures,
            sound,
            picture_clock,
            sound_clock,
            from,
            to,
            opens,
        }
    }

    /// Decode and presentation times in milliseconds.
    fn times(pictures: Vec<Piece>) -> Vec<(i64, i64)> {
        let all = ingredients(pictures, Vec::new());
        let ms = |ticks: u64| (ticks as i64 - ORIGIN as i64).div_euclid(90);
        all.pictures().unwrap().0.iter().map(|p| (ms(p.dts), ms(p.pts))).collect()
    }

    #[test]
    fn the_first_picture_is_shown_at_the_fragments_time() {
        // I P B B, two pictures of delay; the next fragment follows without a jump.
        let samples = [(40, 80), (40, 160), (40, 40), (40, 40)];
        let found = times(vec![piece(0, 160, &samples), piece(160, 160, &samples)]);
        let one = [(-80, 0), (-40, 120), (0, 40), (40, 80)];
        let expected: Vec<_> = one.iter().chain(&one.map(|(d, p)| (d + 160, p + 160))).copied().collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn no_picture_is_decoded_after_it_is_shown() {
        // The same with offsets that may be negative.
        let found = times(vec![piece(1000, 160, &[(40, 0), (40, 80), (40, -40), (40, -40)])]);
        let shown: Vec<_> = found.iter().map(|t| t.1).collect();
        assert_eq!(shown, [1000, 1120, 1040, 1080]);
        assert!(found.iter().all(|t| t.0 <= t.1));
        assert!(found.windows(2).all(|w| w[0].0 <= w[1].0));
        assert_eq!(found[0].0, 1000);
    }

    #[test]
    fn sound_is_cut_at_the_picture_and_never_heard_twice() {
        let frames = |from, to, opens, pieces: Vec<Piece>| {
            let all = Ingredients { from, to, opens, ..ingredients(Vec::new(), pieces) };
            let found = all.frames().unwrap().0;
            found.iter().map(|f| (f.pts as i64 - ORIGIN as i64) / 90).collect::<Vec<_>>()
        };
        let one = || piece(0, 100, &[(20, 0); 5]);
        let two = || piece(100, 100, &[(20, 0); 5]);
        // Every frame once, wherever the cut is.
        for cut in 1..200 {
            let mut all = frames(0, cut, false, vec![one(), two()]);
            all.extend(frames(cut, 200, false, vec![one(), two()]));
            assert_eq!(all, (0..10).map(|i| i * 20).collect::<Vec<_>>(), "{cut}");
        }
        // Priming: 20 ms before the fragment's place.
        let early = || piece(100, 80, &[(20, 0); 5]);
        assert_eq!(frames(100, 180, false, vec![early()]), [100, 120, 140, 160]);
        assert_eq!(frames(100, 180, true, vec![early()]), [80, 100, 120, 140, 160]);
    }

    #[test]
    fn what_cannot_be_muxed_is_named() {
        let make = |piece| ingredients(vec![piece], Vec::new()).make();
        assert!(make(piece(0, 40, &[(40, 0)])).is_ok());
        let mut short = piece(0, 40, &[(40, 0)]);
        let mdat = short.media.mdat.slice(..12);
        short.media = Arc::new(Media::new(short.media.moof.clone(), mdat));
        assert!(matches!(make(short), Err(Error::Sample)));
        let mut sealed = piece(0, 40, &[(40, 0)]);
        let moof = sealed.media.moof.clone();
        // A `senc` at the end of the `traf`.
        let mut with = moof.to_vec();
        with.extend_from_slice(b"\0\0\0\x10senc\0\0\0\0\0\0\0\0");
        for at in [0, moof.windows(4).position(|w| w == b"traf").unwrap() - 4] {
            let size = u32::from_be_bytes(with[at..at + 4].try_into().unwrap()) + 16;
            with[at..at + 4].copy_from_slice(&size.to_be_bytes());
        }
        sealed.media = Arc::new(Media::new(with.into(), sealed.media.mdat.clone()));
        assert!(matches!(make(sealed), Err(Error::Encrypted)));
        let mut broken = piece(0, 40, &[(40, 0)]);
        broken.media = Arc::new(Media::new(Bytes::from_static(b"\0\0\0\x08moof"), broken.media.mdat.clone()));
        assert!(matches!(make(broken), Err(Error::Fragment(_))));
    }
}
