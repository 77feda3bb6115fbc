//! Which files a presentation consists of, and the two manifests.

use smooth::Span;
use smooth::manifest::{Kind, Manifest, QualityLevel, Stream, Timeline};
use smooth::smil::presentation::{Presentation, Track as Described};

use super::super::media::{Reel, TICKS, Track};

/// The files of a presentation.
#[derive(Debug)]
pub(super) struct Plan {
    name: String,
    /// Of each track of the reel.
    pub(super) media: Vec<String>,
}

/// Gives each track of `reel` a file.
pub(super) fn plan(reel: &Reel, name: &str) -> Plan {
    let file = |track: &Track| match track.kind {
        Kind::Video => format!("{name}_{}.ismv", track.level.bitrate),
        _ => format!("{name}_{}_{}.isma", track.name, track.level.bitrate),
    };
    Plan { name: name.to_owned(), media: reel.tracks.iter().map(file).collect() }
}

impl Plan {
    /// Names of all files, in the order in which they come to their place.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        let manifests = ["ismc", "ism"].map(|ending| format!("{}.{ending}", self.name));
        self.media.iter().cloned().chain(manifests)
    }

    /// The server manifest.
    pub(super) fn server_manifest(&self, reel: &Reel) -> String {
        let describe = |(track, src): (&Track, &String)| Described {
            language: track.language.clone(),
            id: Some(super::write::TRACK_ID),
            name: track.name.clone(),
            ..Described::new(track.kind, src, track.level.bitrate)
        };
        smooth::smil::presentation::write(&Presentation {
            client_manifest: Some(format!("{}.ismc", self.name)),
            tracks: reel.tracks.iter().zip(&self.media).map(describe).collect(),
            ..Presentation::default()
        })
    }
}

/// The client manifest of the tracks of `reel`, whose fragments lie at `spans`; and how long it is, in
/// ticks.
pub(super) fn client_manifest(reel: &Reel, spans: &[Vec<Span>]) -> (String, u64) {
    let mut streams: Vec<Stream> = Vec::new();
    let mut listed: Vec<Vec<Span>> = Vec::new();
    for (track, spans) in reel.tracks.iter().zip(spans) {
        let known = streams.iter().position(|s| s.kind == track.kind && s.name == track.name);
        let at = known.unwrap_or_else(|| {
            streams.push(stream(track));
            listed.push(Vec::new());
            streams.len() - 1
        });
        let (Some(stream), Some(chunks)) = (streams.get_mut(at), listed.get_mut(at)) else { continue };
        stream.max_width = stream.max_width.max(track.level.width);
        stream.max_height = stream.max_height.max(track.level.height);
        (stream.display_width, stream.display_height) = (stream.max_width, stream.max_height);
        let index = u32::try_from(stream.levels.len()).unwrap_or(u32::MAX);
        stream.levels.push(QualityLevel { index, ..track.level.clone() });
        // Bitrates are cut at the same times, but one may be a picture longer than another.
        for (chunk, span) in chunks.iter_mut().zip(spans) {
            chunk.duration = chunk.duration.max(span.duration);
        }
        let more = chunks.len();
        chunks.extend(spans.iter().skip(more));
    }
    for (stream, chunks) in streams.iter_mut().zip(&listed) {
        for chunk in chunks {
            stream.chunks.push(*chunk);
        }
    }
    let duration = listed.iter().flatten().map(|chunk| chunk.end()).max().unwrap_or(0);
    let protection = reel.protection().map_or_else(Vec::new, |p| p.systems.to_vec());
    let manifest = Manifest { duration, streams, protection, ..Manifest::default() };
    (smooth::manifest::write(&manifest), duration)
}

fn stream(track: &Track) -> Stream {
    // Times are in the manifest's own units.
    const { assert!(TICKS == 10_000_000) };
    Stream {
        kind: track.kind,
        subtype: String::new(),
        name: track.name.clone(),
        language: track.language.clone(),
        timescale: smooth::Timescale::DEFAULT,
        url: format!("QualityLevels({{bitrate}})/Fragments({}={{start time}})", track.name),
        max_width: 0,
        max_height: 0,
        display_width: 0,
        display_height: 0,
        parent: None,
        manifest_output: false,
        levels: Vec::new(),
        chunks: Timeline::new(),
        embedded: Vec::new(),
    }
}
