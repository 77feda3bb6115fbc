//! What other packagers and broadcasts make of a presentation.

use super::ismv::{Found, boxes, child, tfxd, u32_at, u64_at};
use super::{Presentation, Stream, Template, Track};

impl Presentation {
    /// Moves everything by `ticks` (wrapping), manifest and fragments alike.
    pub fn shift(&mut self, ticks: u64) {
        for fragment in self.streams.iter_mut().flat_map(|s| &mut s.levels).flat_map(|l| &mut l.fragments) {
            fragment.time = fragment.time.wrapping_add(ticks);
            let at = tfxd(&fragment.bytes, traf(&fragment.bytes));
            fragment.bytes[at..at + 8].copy_from_slice(&fragment.time.to_be_bytes());
        }
    }

    /// As an archived broadcast: the first picture stands at `ticks`.
    #[must_use]
    pub fn picture_at(mut self, ticks: u64) -> Self {
        let first = self.streams[0].levels[0].fragments[0].time;
        self.shift(ticks.wrapping_sub(first));
        self
    }

    /// As Azure wrote them: everything in milliseconds.
    #[must_use]
    pub fn in_milliseconds(mut self) -> Self {
        let ratio = self.timescale / 1000;
        self.timescale = 1000;
        for level in self.streams.iter_mut().flat_map(|stream| &mut stream.levels) {
            for fragment in &mut level.fragments {
                let (time, end) = (fragment.time / ratio, (fragment.time + fragment.duration) / ratio);
                let durations = scale_trun(&mut fragment.bytes, fragment.time, ratio);
                assert_eq!(durations, end - time);
                (fragment.time, fragment.duration) = (time, end - time);
                let at = tfxd(&fragment.bytes, traf(&fragment.bytes));
                assert_eq!(u64_at(&fragment.bytes, at) / ratio, time);
                fragment.bytes[at..at + 8].copy_from_slice(&time.to_be_bytes());
                fragment.bytes[at + 8..at + 16].copy_from_slice(&fragment.duration.to_be_bytes());
            }
        }
        self
    }

    /// With `{CustomAttributes}` in the addresses.
    #[must_use]
    pub const fn with_custom_attributes(mut self) -> Self {
        self.template = Template::CustomAttributes;
        self
    }

    /// With a text stream that has a level and no chunks.
    #[must_use]
    pub fn with_empty_text(mut self) -> Self {
        let attributes = "FourCC=\"TTML\" CodecPrivateData=\"\"".to_owned();
        let level = Track { bitrate: 1000, attributes, fragments: Vec::new() };
        self.streams.push(Stream { kind: "text", subtype: "CAPT", levels: vec![level] });
        self
    }

    /// With the manifest in UTF-16.
    #[must_use]
    pub const fn in_utf16(mut self) -> Self {
        self.utf16 = true;
        self
    }

    /// Sound at 24 kHz, declared as HE-AAC whose upper half is silent: the decoder doubles the rate. `private_data` is
    /// the `AudioSpecificConfig` that says so, in hex.
    #[must_use]
    pub fn as_he_aac(mut self, private_data: &str) -> Self {
        self.streams[1].levels[0].attributes = format!(
            "FourCC=\"AACH\" CodecPrivateData=\"{private_data}\" AudioTag=\"255\" Channels=\"2\" SamplingRate=\"24000\" \
             BitsPerSample=\"16\" PacketSize=\"4\""
        );
        self
    }

    /// Only the sound.
    #[must_use]
    pub fn sound_only(mut self) -> Self {
        self.streams.remove(0);
        self
    }
}

fn traf(bytes: &[u8]) -> Found {
    let moof = boxes(bytes, 0, bytes.len())[0];
    child(bytes, moof, b"traf").unwrap()
}

/// Divides the durations and composition offsets in a `trun` by `ratio`, so that no error adds up: each sample
/// starts at its time divided. Returns the sum of the durations.
fn scale_trun(bytes: &mut [u8], start: u64, ratio: u64) -> u64 {
    let trun = child(bytes, traf(bytes), b"trun").unwrap();
    let flags = u32_at(bytes, trun.start + 8) & 0x00ff_ffff;
    let count = u32_at(bytes, trun.start + 12);
    let mut at = trun.start + 16 + 4 * (flags & 0x5).count_ones() as usize;
    let (mut time, mut sum) = (start, 0);
    for _ in 0..count {
        let ends = time + u64::from(u32_at(bytes, at));
        let duration = ends / ratio - time / ratio;
        bytes[at..at + 4].copy_from_slice(&(duration as u32).to_be_bytes());
        (time, sum) = (ends, sum + duration);
        at += 4 * (flags & 0x700).count_ones() as usize;
        if flags & 0x800 != 0 {
            let offset = u32_at(bytes, at) as i32 / ratio as i32;
            bytes[at..at + 4].copy_from_slice(&offset.to_be_bytes());
            at += 4;
        }
    }
    sum
}
