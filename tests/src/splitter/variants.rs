//! What other packagers and broadcasts make of a presentation.

use std::process::Command;

use super::ismv::{Found, boxes, child, tfxd, u32_at, u64_at};
use super::{Fragment, Presentation, Stream, Template, Track};
use crate::process::program;

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
        self.streams.push(Stream {
            kind: "text",
            name: "text",
            subtype: "CAPT",
            language: "",
            levels: vec![level],
        });
        self
    }

    /// With captions named `name`: `document` as a TTML document of one fragment, as long as the picture.
    #[must_use]
    pub fn with_captions(mut self, name: &'static str, document: &str) -> Self {
        let (time, duration) = (self.start(), (self.seconds() * self.timescale as f64) as u64);
        let bytes = text_fragment(time, duration, document.as_bytes());
        let fragments = vec![Fragment { time, duration, bytes }];
        let attributes = "FourCC=\"TTML\" CodecPrivateData=\"\"".to_owned();
        let level = Track { bitrate: 1000, attributes, fragments };
        self.streams.push(Stream { kind: "text", name, subtype: "CAPT", language: "", levels: vec![level] });
        self
    }

    /// With a sparse stream beside the picture: samples at these times, in seconds after the start.
    #[must_use]
    pub fn with_events(mut self, name: &'static str, events: &[(u64, &str)]) -> Self {
        let start = self.start();
        let fragment = |&(seconds, text): &(u64, &str)| {
            let time = start + seconds * self.timescale;
            Fragment { time, duration: 0, bytes: text_fragment(time, 0, text.as_bytes()) }
        };
        let fragments = events.iter().map(fragment).collect();
        let attributes = "FourCC=\"DATA\" CodecPrivateData=\"\"".to_owned();
        let level = Track { bitrate: 1000, attributes, fragments };
        self.streams.push(Stream { kind: "text", name, subtype: "DATA", language: "", levels: vec![level] });
        self
    }

    /// With a film strip (ZOET): fragments of four seconds, each with one JPEG 16 pixels wide and one of 32.
    #[must_use]
    pub fn with_film_strip(mut self) -> Self {
        let jpegs = [16, 32].map(jpeg).concat();
        let (start, duration) = (self.start(), 4 * self.timescale);
        let fragments = (0..self.seconds() as u64 / 4).map(|index| {
            let time = start + index * duration;
            Fragment { time, duration, bytes: text_fragment(time, duration, &jpegs) }
        });
        let attributes = "FourCC=\"JPEG\" CodecPrivateData=\"\" MaxWidth=\"32\" MaxHeight=\"16\"".to_owned();
        let level = Track { bitrate: 9000, attributes, fragments: fragments.collect() };
        self.streams.push(Stream {
            kind: "video",
            name: "strip",
            subtype: "ZOET",
            language: "",
            levels: vec![level],
        });
        self
    }

    /// With sound in two languages: its own in English, that of `other` in German.
    #[must_use]
    pub fn in_two_languages(mut self, other: Self) -> Self {
        let german = other.streams.into_iter().find(|stream| stream.kind == "audio").unwrap();
        self.streams[1].language = "eng";
        self.streams.push(Stream { name: "audio_ger", language: "ger", ..german });
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

    /// Without the fragments that begin between two times, in seconds after the first.
    #[must_use]
    pub fn with_hole(mut self, from: f64, to: f64) -> Self {
        let (start, scale) = (self.start(), self.timescale as f64);
        for level in self.streams.iter_mut().flat_map(|stream| &mut stream.levels) {
            level.fragments.retain(|fragment| {
                let at = (fragment.time - start) as f64 / scale;
                at < from - 0.5 || at >= to - 0.5
            });
        }
        self
    }

    /// Only the pictures.
    #[must_use]
    pub fn pictures_only(mut self) -> Self {
        self.streams.truncate(1);
        self
    }

    /// Only the sound.
    #[must_use]
    pub fn sound_only(mut self) -> Self {
        self.streams.remove(0);
        self
    }
}

/// A picture so many pixels wide.
fn jpeg(width: u32) -> Vec<u8> {
    let input = format!("color=red:size={width}x16");
    let output = Command::new(program("ffmpeg"))
        .args([
            "-loglevel",
            "error",
            "-f",
            "lavfi",
            "-i",
            &input,
            "-frames:v",
            "1",
            "-c:v",
            "mjpeg",
            "-f",
            "image2pipe",
            "-",
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "ffmpeg: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// One sample in a `moof` and `mdat` at tick 0, of track 1.
pub(crate) fn text_fragment(time: u64, duration: u64, sample: &[u8]) -> Vec<u8> {
    let length = u32::try_from(sample.len()).unwrap();
    let tfxd_type =
        [0x6d, 0x1d, 0x9b, 0x05, 0x42, 0xd5, 0x44, 0xe6, 0x80, 0xe2, 0x14, 0x1d, 0xaf, 0xf7, 0x57, 0xb2];
    let mfhd = boxed(b"mfhd", &[&[0; 4], &1_u32.to_be_bytes()]);
    let tfhd = boxed(b"tfhd", &[&[0; 4], &1_u32.to_be_bytes()]);
    let tfxd = boxed(b"uuid", &[&tfxd_type, &[1, 0, 0, 0], &time.to_be_bytes(), &duration.to_be_bytes()]);
    let moof = |offset: u32| {
        let words = [0x301, 1, offset, u32::try_from(duration).unwrap(), length].map(u32::to_be_bytes);
        let trun = boxed(b"trun", &[words.as_flattened()]);
        boxed(b"moof", &[&mfhd, &boxed(b"traf", &[&tfhd, &trun, &tfxd])])
    };
    let offset = u32::try_from(moof(0).len()).unwrap() + 8;
    [moof(offset), boxed(b"mdat", &[sample])].concat()
}

pub(crate) fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let payload = parts.concat();
    let size = u32::try_from(payload.len() + 8).unwrap().to_be_bytes();
    [&size, &kind[..], &payload].concat()
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
