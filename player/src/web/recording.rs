//! What a player that writes its session down can do beyond others. Not in the one that viewers get.

use wasm_bindgen::prelude::*;

use super::brain::Brain;
use crate::engine::Engine;
use crate::record::Recording;

#[wasm_bindgen]
impl Brain {
    /// The session so far, in the form that [`crate::record`] describes.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn recording(&self) -> Vec<u8> {
        self.engine.borrow().recording().to_vec()
    }

    /// What the engine's work of the session so far costs here, as the mean of `rounds` rounds: how many events there are, how many
    /// of them ask for media, and the seconds for all of them and for these alone.
    #[must_use]
    pub fn measure(&self, rounds: u32) -> Option<Vec<f64>> {
        let bytes = self.recording();
        let recording = Recording::read(&bytes).ok()?;
        let mut asks = Vec::new();
        recording.replay(|_, _, decisions| asks.push(!decisions.is_empty())).ok()?;
        let (mut all, mut asking) = (0.0, 0.0);
        for _ in 0..rounds {
            let mut engine = Engine::new(recording.settings.clone());
            let begin = self.hands.now();
            for entry in &recording.entries {
                drop(entry.told.tell(|event| engine.handle(entry.now, event)));
            }
            all += self.hands.now() - begin;
            // The clock is coarse, and falls on either side as often as the work is long.
            let mut engine = Engine::new(recording.settings.clone());
            for (entry, asks) in recording.entries.iter().zip(&asks) {
                let begin = if *asks { self.hands.now() } else { 0.0 };
                drop(entry.told.tell(|event| engine.handle(entry.now, event)));
                if *asks {
                    asking += self.hands.now() - begin;
                }
            }
        }
        let mean = |seconds: f64| seconds / f64::from(rounds);
        let asked = asks.iter().filter(|asks| **asks).count();
        Some(vec![asks.len() as f64, asked as f64, mean(all), mean(asking)])
    }
}
