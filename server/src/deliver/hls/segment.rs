//! One segment: the samples of the fragments that it is made of, in a transport stream.

use std::io;
use std::sync::Arc;

use smooth::Limits;
use smooth::boxes::{build, read_head};

use super::crypt;
use super::recipe::Plan;
use super::ts::{self, Frame, Picture, clock};
use crate::archive::Media;
use crate::deliver::cmaf::segment::split;

/// A [`Recipe`](super::recipe::Recipe) with the bytes of its fragments.
pub struct Ingredients {
    pub(super) plan: Plan,
    pub(super) pictures: Vec<Piece>,
    pub(super) sound: Vec<Piece>,
}

/// A fragment at its place, in ticks.
pub(super) struct Piece {
    pub(super) time: u64,
    pub(super) duration: u64,
    pub(super) media: Arc<Media>,
}

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
        let stream = ts::mux(&self.plan.program, self.plan.number, &pictures, &frames, until)?;
        Ok(match self.plan.key {
            Some(key) => crypt::encrypt(stream, key, self.plan.number),
            None => stream,
        })
    }

    /// The pictures, and when the last one is over.
    ///
    /// A fragment's time is when its first picture is shown, so it is decoded earlier by the offset of
    /// that. In `trun` of version 1 that may be 0 and others negative: then by as many pictures as the
    /// parameter set says. Where it says nothing, or runs overlap by a tick, decode times are lowered, from
    /// the last one on, until none is later than its picture or the next one's.
    fn pictures(&self) -> Result<(Vec<Picture<'_>>, Option<u64>), Error> {
        let (mut pictures, mut end) = (Vec::new(), None);
        for piece in &self.pictures {
            let samples = piece.samples()?;
            let (offset, duration) = samples.first().map_or((0, 0), |s| (s.offset, s.duration));
            let ahead = i128::from(duration) * i128::from(self.plan.reorder);
            let lag = (ahead - i128::from(offset)).max(0);
            let mut ticks = i128::from(piece.time) - i128::from(offset);
            let wanted = if self.plan.key_frame { 1 } else { samples.len() };
            for (i, sample) in samples.iter().take(wanted).enumerate() {
                pictures.push(Picture {
                    data: sample.data,
                    dts: clock(ticks - lag, self.plan.picture_clock),
                    pts: clock(ticks + i128::from(sample.offset), self.plan.picture_clock),
                    sync: i == 0,
                });
                ticks += i128::from(sample.duration);
            }
            end = Some(clock(ticks - lag, self.plan.picture_clock));
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
            let keeps_all = self.plan.opens && index == 0;
            let samples = piece.samples()?;
            let lasts: u64 = samples.iter().map(|s| u64::from(s.duration)).sum();
            let early = lasts.saturating_sub(piece.duration);
            let mut ticks = i128::from(piece.time) - i128::from(early);
            for sample in &samples {
                let start = ticks;
                ticks += i128::from(sample.duration);
                let is_over = !keeps_all && start + i128::from(sample.duration / 2) < i128::from(piece.time);
                let place = start.max(piece.time.into());
                if !sample.data.is_empty()
                    && !is_over
                    && (self.plan.from.into()..self.plan.to.into()).contains(&place)
                {
                    frames.push(Frame { data: sample.data, pts: clock(start, self.plan.sound_clock) });
                    end = Some(clock(ticks, self.plan.sound_clock));
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
        let header = split(&self.media.mdat).0;
        let mut rest = self.media.mdat.get(header as usize..).unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use smooth::boxes::build::{FragmentSpec, SYNC_SAMPLE, Sample as Fact, fragment};
    use smooth::codec::aac;
    use smooth::{Span, Timescale};

    use super::ts::{Audio, ORIGIN, Program, Video, adts};
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
        let plan = Plan {
            number: 0,
            program,
            key: None,
            picture_clock: clock,
            reorder: 0,
            sound_clock: clock,
            from: 0,
            to: u64::MAX,
            opens: false,
            key_frame: false,
        };
        Ingredients { plan, pictures, sound }
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
    fn decode_times_are_even_where_the_parameter_set_says_how_far_they_run_ahead() {
        let samples = [(40, 0), (40, 80), (40, -40), (40, -40)];
        let pieces = || vec![piece(1000, 160, &samples), piece(1160, 160, &samples)];
        for (reorder, first) in [(1, 960), (2, 920)] {
            let mut all = ingredients(pieces(), Vec::new());
            all.plan.reorder = reorder;
            let found = all.pictures().unwrap().0;
            let ms = |ticks: u64| (ticks as i64 - ORIGIN as i64) / 90;
            let decoded: Vec<_> = found.iter().map(|p| ms(p.dts)).collect();
            assert_eq!(decoded, (0..8).map(|i| first + 40 * i).collect::<Vec<_>>());
            assert_eq!(found.iter().take(4).map(|p| ms(p.pts)).collect::<Vec<_>>(), [1000, 1120, 1040, 1080]);
        }
        // Offsets that are ahead already stay.
        let mut all = ingredients(vec![piece(1000, 80, &[(40, 80), (40, 80)])], Vec::new());
        all.plan.reorder = 1;
        let found = all.pictures().unwrap().0;
        assert_eq!(found[0].pts - found[0].dts, 80 * 90);
    }

    #[test]
    fn sound_is_cut_at_the_picture_and_never_heard_twice() {
        let frames = |from, to, opens, pieces: Vec<Piece>| {
            let mut all = ingredients(Vec::new(), pieces);
            all.plan = Plan { from, to, opens, ..all.plan };
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
