//! Text tracks and cues.
//!
//! A track made by `addTextTrack` cannot be removed. So an ended session leaves its tracks empty and
//! disabled, and the next one takes over those of the same label and language.

use js_sys::{Array, Reflect};
use smooth::captions::webvtt::{Line, Settings};
use wasm_bindgen::prelude::*;
use web_sys::{HtmlVideoElement, TextTrack, TextTrackKind, TextTrackMode, VttCue};

use crate::engine::{Cue, TextTrackId};

/// The tracks of a session.
#[derive(Debug, Default)]
pub(super) struct Tracks(Vec<Track>);

#[derive(Debug)]
struct Track {
    id: TextTrackId,
    /// Name of the stream.
    name: String,
    target: TextTrack,
    cues: Vec<VttCue>,
}

impl Tracks {
    /// Adds a track, hidden from the viewer until it is chosen.
    pub(super) fn add(
        &mut self,
        video: &HtmlVideoElement,
        id: TextTrackId,
        name: String,
        label: &str,
        language: &str,
    ) {
        let target = self.leftover(video, label, language).unwrap_or_else(|| {
            video.add_text_track_with_label_and_language(TextTrackKind::Captions, label, language)
        });
        target.set_mode(TextTrackMode::Disabled);
        self.0.push(Track { id, name, target, cues: Vec::new() });
    }

    /// Adds cues to a track.
    pub(super) fn cues(&mut self, id: TextTrackId, cues: &[Cue]) {
        let Some(track) = self.0.iter_mut().find(|track| track.id == id) else { return };
        for cue in cues {
            let Ok(target) = VttCue::new(cue.start, cue.end, &cue.text) else { continue };
            apply(&target, &cue.settings);
            if let Some(picture) = &cue.picture {
                let place: Array = picture.place.iter().map(|&side| JsValue::from(side)).collect();
                let _ = Reflect::set(&target, &"image".into(), &picture.base64.as_str().into());
                let _ = Reflect::set(&target, &"place".into(), &place);
            }
            track.target.add_cue(&target);
            track.cues.push(target);
        }
    }

    /// Removes the cues of a track that end at `before` or earlier, in seconds.
    pub(super) fn clear(&mut self, id: TextTrackId, before: f64) {
        if let Some(track) = self.0.iter_mut().find(|track| track.id == id) {
            track.clear(before);
        }
    }

    /// Shows the track of this name and no other.
    pub(super) fn show(&self, name: Option<&str>) {
        for track in &self.0 {
            let mode = if name == Some(track.name.as_str()) {
                TextTrackMode::Showing
            } else {
                TextTrackMode::Disabled
            };
            if track.target.mode() != mode {
                track.target.set_mode(mode);
            }
        }
    }

    /// Name of the stream whose track the viewer has chosen, in the browser's own menu or by script.
    pub(super) fn chosen(&self) -> Option<&str> {
        let on = |mode| self.0.iter().find(move |track| track.target.mode() == mode);
        on(TextTrackMode::Showing).or_else(|| on(TextTrackMode::Hidden)).map(|track| track.name.as_str())
    }

    /// Leaves the tracks empty and disabled.
    pub(super) fn end(&mut self) {
        for mut track in self.0.drain(..) {
            track.clear(f64::INFINITY);
            track.target.set_mode(TextTrackMode::Disabled);
        }
    }

    /// A track that an earlier session left.
    fn leftover(&self, video: &HtmlVideoElement, label: &str, language: &str) -> Option<TextTrack> {
        let list = video.text_tracks()?;
        (0..list.length()).filter_map(|i| list.get(i)).find(|track| {
            track.kind() == TextTrackKind::Captions
                && track.label() == label
                && track.language() == language
                && track.mode() == TextTrackMode::Disabled
                && !self.0.iter().any(|known| known.target == *track)
        })
    }
}

impl Track {
    fn clear(&mut self, before: f64) {
        let target = &self.target;
        self.cues.retain(|cue| {
            let keep = cue.end_time() > before;
            if !keep {
                let _ = target.remove_cue(cue);
            }
            keep
        });
    }
}

/// Puts a cue in its place.
fn apply(cue: &VttCue, settings: &Settings) {
    let set = |key: &str, value: &JsValue| drop(Reflect::set(cue, &key.into(), value));
    match settings.line {
        Some(Line::Row(row)) => set("line", &row.into()),
        Some(Line::Top(top)) => {
            set("snapToLines", &false.into());
            set("line", &top.to_f64().into());
        }
        None => {}
    }
    for (key, value) in [("position", settings.position), ("size", settings.size)] {
        if let Some(value) = value {
            set(key, &value.to_f64().into());
        }
    }
    set("align", &settings.align.keyword().into());
}
