//! Reading ffmpeg's `-f ismv` files: the second reader of such files in the house, and it stays
//! apart from the one that it helps to judge.

use std::collections::BTreeMap;

use super::{Fragment, Presentation, Stream, Template, Track};

const LIVE_MANIFEST: [u8; 4] = [0xa5, 0xd4, 0x0b, 0x30];
const TFXD: [u8; 4] = [0x6d, 0x1d, 0x9b, 0x05];

/// Start and end of a box within the bytes it was found in, and its type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) kind: [u8; 4],
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The boxes of `bytes[from..to]`.
pub(crate) fn boxes(bytes: &[u8], from: usize, to: usize) -> Vec<Found> {
    let mut found = Vec::new();
    let mut start = from;
    while start + 8 <= to {
        let size = u32_at(bytes, start) as usize;
        assert!(size >= 8 && start + size <= to, "a box of {size} bytes at {start}");
        found.push(Found { kind: bytes[start + 4..start + 8].try_into().unwrap(), start, end: start + size });
        start += size;
    }
    found
}

/// The first box of type `kind` among the children of `parent`.
pub(crate) fn child(bytes: &[u8], parent: Found, kind: &[u8; 4]) -> Option<Found> {
    boxes(bytes, parent.start + 8, parent.end).into_iter().find(|found| found.kind == *kind)
}

/// `tfxd` of a `traf`: where its time and duration stand. ffmpeg writes version 1.
pub(crate) fn tfxd(bytes: &[u8], traf: Found) -> usize {
    let of_type = |found: &Found| found.kind == *b"uuid" && bytes[found.start + 8..found.start + 12] == TFXD;
    boxes(bytes, traf.start + 8, traf.end).into_iter().find(of_type).unwrap().start + 28
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// Cuts a file with one stream of pictures in `bitrates` and one of sound.
pub(super) fn read(file: &[u8], bitrates: &[u32]) -> Presentation {
    let mut smil = String::new();
    let mut fragments: BTreeMap<u32, Vec<Fragment>> = BTreeMap::new();
    let top = boxes(file, 0, file.len());
    for (index, &found) in top.iter().enumerate() {
        if found.kind == *b"uuid" && file[found.start + 8..found.start + 12] == LIVE_MANIFEST {
            smil = String::from_utf8(file[found.start + 28..found.end].to_vec()).unwrap();
        }
        if found.kind == *b"moof" {
            let traf = child(file, found, b"traf").unwrap();
            let track = u32_at(file, child(file, traf, b"tfhd").unwrap().start + 12);
            let at = tfxd(file, traf);
            let bytes = file[found.start..top[index + 1].end].to_vec();
            let (time, duration) = (u64_at(file, at), u64_at(file, at + 8));
            fragments.entry(track).or_default().push(Fragment { time, duration, bytes });
        }
    }
    // One element per track, in the order of the tracks: pictures first.
    let mut video = Vec::new();
    let mut audio = Vec::new();
    for (element, (_, fragments)) in smil_tracks(&smil).into_iter().zip(fragments) {
        let param = |name: &str| {
            element
                .split(&format!("name=\"{name}\" value=\""))
                .nth(1)
                .map(|rest| rest.split('"').next().unwrap())
        };
        let attributes = |names: &[&str]| {
            let written = names.iter().filter_map(|name| Some(format!("{name}=\"{}\"", param(name)?)));
            written.collect::<Vec<_>>().join(" ")
        };
        if element.starts_with("video") {
            let attributes = attributes(&["FourCC", "MaxWidth", "MaxHeight", "CodecPrivateData"]);
            video.push(Track { bitrate: bitrates[video.len()], attributes, fragments });
        } else {
            let names = [
                "FourCC",
                "CodecPrivateData",
                "AudioTag",
                "Channels",
                "SamplingRate",
                "BitsPerSample",
                "PacketSize",
            ];
            audio.push(Track { bitrate: 64_000, attributes: attributes(&names), fragments });
        }
    }
    let stream = |kind, levels| Stream { kind, name: kind, subtype: "", language: "", levels };
    let streams = vec![stream("video", video), stream("audio", audio)];
    let mut presentation = Presentation {
        timescale: 10_000_000,
        template: Template::Plain,
        streams,
        utf16: false,
        more: String::new(),
    };
    // The first sound stands before zero, as a huge number: everything moves until it stands at zero.
    let first = presentation.streams[1].levels[0].fragments[0].time;
    presentation.shift(0_u64.wrapping_sub(first));
    presentation
}

/// The `video` and `audio` elements, each from its name to its end.
fn smil_tracks(smil: &str) -> Vec<&str> {
    let body = smil.split("<switch>").nth(1).unwrap();
    body.split('<')
        .enumerate()
        .filter(|(_, part)| part.starts_with("video") || part.starts_with("audio"))
        .map(|(index, part)| {
            // The element's parameters follow until it is closed.
            let from: usize = body.split('<').take(index).map(|part| part.len() + 1).sum();
            let name = &part[..5];
            let rest = &body[from..];
            &rest[..rest.find(&format!("</{name}>")).unwrap()]
        })
        .collect()
}
