//! What a segment is made of: which fragments, and what of them.

use smooth::smil::definition::Key;
use smooth::{Span, Timescale};

use super::media;
use super::segment::{Error, Ingredients, Piece};
use super::segments::Segment;
use super::tracks::Selection;
use super::ts::{Audio, Program, Video};
use crate::archive::hash;
use crate::publishing_point::snapshot::{LevelView, Snapshot, StreamView};
use crate::publishing_point::track::Entry;

/// See the module.
pub struct Recipe<'a> {
    plan: Plan,
    pictures: Vec<Part<'a>>,
    sound: Vec<Part<'a>>,
}

/// A fragment, and how many ticks of it are its own.
type Part<'a> = (&'a LevelView, &'a Entry, u64);

/// What is done with the fragments.
#[derive(Clone)]
pub(super) struct Plan {
    /// Media sequence number.
    pub(super) number: u64,
    pub(super) program: Program,
    /// To encrypt it with.
    pub(super) key: Option<Key>,
    pub(super) picture_clock: Timescale,
    /// Pictures by which decoding runs ahead.
    pub(super) reorder: u32,
    pub(super) sound_clock: Timescale,
    /// Sound that begins here or later belongs to it, in ticks of the sound …
    pub(super) from: u64,
    /// … and before here.
    pub(super) to: u64,
    /// The first fragment of sound is the first of its stream.
    pub(super) opens: bool,
    /// The first picture alone.
    pub(super) key_frame: bool,
}

/// What tells a segment from others of a publishing point. It holds a secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    number: u64,
    media: u64,
    key: Option<[u8; 16]>,
}

impl<'a> Recipe<'a> {
    /// What `segment` of `selection` is made of: whole chunks of pictures, and the sound between its first
    /// tick and its end. Sound before the first picture of all, and after the last, goes with those.
    #[must_use]
    pub fn of(snapshot: &Snapshot, selection: &Selection<'a>, segment: &Segment) -> Self {
        let (leading, span) = (selection.leading, segment.span);
        let begins = leading.gone.is_none() && leading.chunks.first().is_some_and(|c| c.time == span.time);
        let ends = !snapshot.is_live() && leading.chunks.last().is_some_and(|c| c.end() == span.end());
        let first = if begins { span.time.saturating_sub(span.duration) } else { span.time };
        let last = if ends { span.end().saturating_add(span.duration) } else { span.end() };
        let apple = &snapshot.definition.apple;
        let mut plan = Plan {
            number: segment.number,
            program: Program::default(),
            key: apple.encryption_key.filter(|_| apple.enable_encryption),
            picture_clock: leading.timescale,
            reorder: 0,
            sound_clock: leading.timescale,
            from: first,
            to: last,
            opens: false,
            key_frame: selection.key_frames,
        };
        let (mut entries_of_pictures, mut entries_of_sound) = (Vec::new(), Vec::new());
        if let Some(pictures) = &selection.pictures {
            plan.program.video = Some(Video {
                parameter_sets: pictures.codec.private_data(),
                nal_length: pictures.codec.nal_length,
            });
            plan.reorder = pictures.codec.reorder_frames().unwrap_or(0);
            let entries = &pictures.level.entries;
            let wanted = if selection.key_frames { 1 } else { usize::MAX };
            let found = media::chunks(leading, segment).take(wanted).filter_map(|time| entries.at(time));
            entries_of_pictures = found.map(|entry| (pictures.level, entry, entry.span.duration)).collect();
        }
        if let Some(sound) = &selection.sound {
            let stream = sound.stream;
            let language = sound.level.spec.language.clone();
            plan.program.audio = Some(Audio { header: sound.header, language });
            plan.sound_clock = stream.timescale;
            let ticks = |time| leading.timescale.rescale(time, stream.timescale);
            (plan.from, plan.to) = (ticks(first), ticks(last));
            plan.opens = stream.gone.is_none() && stream.chunks.first().is_some_and(|c| c.end() > plan.from);
            let found = between(stream, plan.from, plan.to);
            let part = |chunk: &Span| {
                // On demand the priming of AAC may reach into the second fragment.
                let next = stream.chunks.from(chunk.time.saturating_add(1)).next();
                let own = next.map_or(u64::MAX, |next| next.time - chunk.time).min(chunk.duration);
                Some((sound.level, sound.level.entries.at(chunk.time)?, own))
            };
            entries_of_sound = found.filter_map(part).collect();
        }
        Self { plan, pictures: entries_of_pictures, sound: entries_of_sound }
    }

    /// What tells it from other recipes of a publishing point; `None` where that would take reading the
    /// fragments, as on demand.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        let Plan { program, from, to, opens, key_frame, .. } = &self.plan;
        let flags = [program.audio.is_some(), *opens, *key_frame].map(u64::from);
        let mut words = [&flags[..], &[*from, *to, self.pictures.len() as u64]].concat();
        for (level, entry, own) in self.pictures.iter().chain(&self.sound) {
            if entry.hash == 0 {
                return None;
            }
            words.extend([level.id as u64, entry.span.time, *own, entry.hash]);
        }
        let mut bytes: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
        bytes.extend(program.video.iter().flat_map(|video| &video.parameter_sets));
        let (number, key) = (self.plan.number, self.plan.key.map(|key| key.0));
        Some(Identity { number, media: hash(&bytes), key })
    }

    /// Fetches the fragments.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`], [`Error::Storage`]
    pub async fn load(self, snapshot: &Snapshot) -> Result<Ingredients, Error> {
        let mut ingredients = Ingredients { plan: self.plan, pictures: Vec::new(), sound: Vec::new() };
        for (from, to) in [(self.pictures, &mut ingredients.pictures), (self.sound, &mut ingredients.sound)] {
            for (level, entry, own) in from {
                let media = snapshot.load(level, entry).await?.ok_or(Error::Gone)?;
                to.push(Piece { time: entry.span.time, duration: own, media });
            }
        }
        Ok(ingredients)
    }
}

#[cfg(test)]
impl Identity {
    pub(super) const fn of(number: u64) -> Self {
        Self { number, media: 0, key: None }
    }
}

/// The chunks of `stream` that lie between `from` and `to`, in ticks.
fn between(stream: &StreamView, from: u64, to: u64) -> impl Iterator<Item = &Span> {
    let first = stream.chunks.floor(from).filter(|c| c.end() > from).map_or(from, |c| c.time);
    stream.chunks.from(first).take_while(move |c| c.time < to)
}
