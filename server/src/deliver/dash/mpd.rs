//! The manifest of DASH, a media presentation description, ISO/IEC 23009-1 5.3.
//!
//! ```text
//! MPD                              dynamic while the broadcast lasts, then static
//!   Period                         one, for the clock of a broadcast never jumps
//!     AdaptationSet                a stream; one for each codec where levels differ in it
//!       SegmentTemplate            shared by levels with the same segments, else in each
//!         SegmentTimeline
//!       Representation             a level
//!   UTCTiming                      this origin's own clock
//! ```
//!
//! Nothing in it is read from a clock. `availabilityStartTime` is the epoch of the presentation (see
//! [`presentation`](crate::deliver::cmaf::presentation)): for a broadcast on the time of the wall that is the
//! truth, and players know how far behind they are. For one that counts from zero it says 1970, and players
//! go by the newest segment. `publishTime` is the end of the newest segment.

use std::fmt::Write as _;

use smooth::Timescale;
use smooth::codec::Codec;
use smooth::manifest::Kind;
use smooth::url::{encode, quality_level};
use smooth::xml::escape;

use super::timeline;
use crate::deliver::cmaf::presentation::{Presentation, Rendition, Track};
use crate::deliver::date::iso8601;
use crate::deliver::formats::Format;
use crate::publishing_point::snapshot::{Document, Snapshot};

/// The manifest as it is sent; `None` while there is nothing to play.
#[must_use]
pub fn render(snapshot: &Snapshot) -> Option<Document> {
    Some(Document::new(write(&Presentation::of(snapshot)?)))
}

/// The manifest of `presentation`.
#[must_use]
pub fn write(presentation: &Presentation<'_>) -> String {
    let Presentation { snapshot, epoch, .. } = *presentation;
    let (first, last) = presentation.reach();
    let longest = presentation.longest();
    let mut out = String::with_capacity(8192);
    out.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" ");
    out.push_str("profiles=\"urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019\" ");
    let start = if snapshot.is_live() {
        let zero = epoch.saturating_mul(1000);
        let window = if snapshot.window > 0 {
            snapshot.window.saturating_mul(1000)
        } else {
            last.saturating_sub(first).saturating_add(longest)
        };
        let _ = write!(
            out,
            "type=\"dynamic\" availabilityStartTime=\"{}\" publishTime=\"{}\" minimumUpdatePeriod=\"{}\" \
             timeShiftBufferDepth=\"{}\" suggestedPresentationDelay=\"{}\"",
            iso8601(zero),
            iso8601(zero.saturating_add(last)),
            seconds(longest.max(1000)),
            seconds(window),
            seconds(longest.saturating_mul(DELAY)),
        );
        0
    } else {
        let _ = write!(
            out,
            "type=\"static\" mediaPresentationDuration=\"{}\"",
            seconds(last.saturating_sub(first))
        );
        first
    };
    let _ = writeln!(
        out,
        " minBufferTime=\"{}\" maxSegmentDuration=\"{}\">\n<Period id=\"0\" start=\"PT0S\">",
        seconds(longest),
        seconds(longest)
    );
    let mut id = 0;
    for (index, track) in presentation.tracks.iter().enumerate() {
        let is_main = presentation.tracks[..index].iter().all(|t| t.stream.kind != track.stream.kind);
        let family = |r: &Rendition<'_>| r.codec.codec_string().split('.').next().map(str::to_owned);
        for set in track.renditions.chunk_by(|a, b| family(a) == family(b)) {
            put_set(&mut out, id, &Set { track, renditions: set, is_main, epoch, start });
            id += 1;
        }
    }
    out.push_str("</Period>\n");
    if snapshot.is_live() {
        let _ = writeln!(
            out,
            "<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-head:2014\" value=\"Manifest(format={})\"/>",
            Format::Dash.name()
        );
    }
    out.push_str("</MPD>\n");
    out
}

/// What becomes an `AdaptationSet`.
struct Set<'a> {
    track: &'a Track<'a>,
    renditions: &'a [Rendition<'a>],
    /// The first of its kind.
    is_main: bool,
    /// Of the presentation, in seconds.
    epoch: u64,
    /// What time the period begins at, in milliseconds since the epoch.
    start: u64,
}

fn put_set(out: &mut String, id: usize, set: &Set<'_>) {
    let stream = set.track.stream;
    let (content, container) = match stream.kind {
        Kind::Video => ("video", "video/mp4"),
        Kind::Audio => ("audio", "audio/mp4"),
        Kind::Text => ("text", "application/mp4"),
    };
    let _ = write!(
        out,
        "<AdaptationSet id=\"{id}\" contentType=\"{content}\" mimeType=\"{container}\" \
         segmentAlignment=\"true\" startWithSAP=\"1\""
    );
    if let Some(language) = set.track.language() {
        let _ = write!(out, " lang=\"{}\"", escape(language));
    }
    let sizes = || set.renditions.iter().map(|r| size(&r.codec));
    let (width, height) = (sizes().map(|s| s.0).max(), sizes().map(|s| s.1).max());
    if let (Some(width @ 1..), Some(height @ 1..)) = (width, height) {
        let _ = write!(out, " maxWidth=\"{width}\" maxHeight=\"{height}\"");
    }
    let role = match stream.kind {
        Kind::Text => "subtitle",
        _ if set.is_main => "main",
        _ => "alternate",
    };
    let _ = writeln!(
        out,
        ">\n<Label>{}</Label>\n<Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"{role}\"/>",
        escape(&stream.name)
    );
    let lines: Vec<_> = set.renditions.iter().map(|r| timeline::write(r, set.track.clock)).collect();
    let named = set.renditions.iter().any(|r| !r.level.spec.level.custom_attributes.is_empty());
    let is_shared = !named && lines.windows(2).all(|pair| pair[0] == pair[1]);
    if let Some(line) = lines.first().filter(|_| is_shared) {
        put_template(out, set, "QualityLevels($Bandwidth$)/", line);
    }
    for (rendition, line) in set.renditions.iter().zip(&lines) {
        put_representation(out, set, rendition, (!is_shared).then_some(line));
    }
    out.push_str("</AdaptationSet>\n");
}

fn put_template(out: &mut String, set: &Set<'_>, level: &str, line: &str) {
    let Track { stream, clock, .. } = set.track;
    let timescale = stream.timescale;
    let mut options = format!("format={}", Format::Dash.name());
    if set.epoch > 0 {
        let _ = write!(options, ",epoch={}", set.epoch);
    }
    let level = escape(level);
    let name = encode(&stream.name);
    let start = Timescale::MILLISECONDS.rescale(set.start, timescale).saturating_add(clock.origin());
    let _ =
        write!(out, "<SegmentTemplate timescale=\"{}\" presentationTimeOffset=\"{start}\"", timescale.get());
    let _ = writeln!(
        out,
        " initialization=\"{level}Fragments({name}=i,{options}).mp4\" \
         media=\"{level}Fragments({name}=$Time$,{options}).m4s\">\n\
         <SegmentTimeline>{line}</SegmentTimeline>\n</SegmentTemplate>"
    );
}

fn put_representation(out: &mut String, set: &Set<'_>, rendition: &Rendition<'_>, line: Option<&String>) {
    let level = &rendition.level.spec.level;
    let path = quality_level(level);
    // As the address has it, without the word: unique in the stream.
    let id = path.trim_start_matches("QualityLevels(").trim_end_matches(")/");
    let codec = match rendition.codec {
        Codec::Ttml => smooth::boxes::wvtt::CODEC.to_owned(),
        ref codec => codec.codec_string(),
    };
    let _ = write!(
        out,
        "<Representation id=\"{}-{}\" bandwidth=\"{}\" codecs=\"{codec}\"",
        encode(&set.track.stream.name),
        escape(id),
        level.bitrate
    );
    let (width, height) = size(&rendition.codec);
    if width > 0 && height > 0 {
        let _ = write!(out, " width=\"{width}\" height=\"{height}\"");
    }
    if let Codec::Avc(config) = &rendition.codec
        && let Some(rate) = config.frame_rate()
    {
        let _ = match rate % 1000 {
            0 => write!(out, " frameRate=\"{}\"", rate / 1000),
            _ => write!(out, " frameRate=\"{rate}/1000\""),
        };
    }
    let sound = match &rendition.codec {
        Codec::Aac(config) => Some((config.sampling_rate, config.channels)),
        Codec::Ec3(config) => Some((config.sampling_rate, config.channels)),
        _ => None,
    };
    if let Some((rate @ 1.., _)) = sound {
        let _ = write!(out, " audioSamplingRate=\"{rate}\"");
    }
    out.push_str(">\n");
    if let Some((_, channels @ 1..)) = sound {
        let _ = writeln!(
            out,
            "<AudioChannelConfiguration \
             schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"{channels}\"/>"
        );
    }
    if let Some(line) = line {
        put_template(out, set, &path, line);
    }
    out.push_str("</Representation>\n");
}

/// Pixels; zeros for what has none.
const fn size(codec: &Codec) -> (u32, u32) {
    match codec {
        Codec::Avc(config) => (config.width, config.height),
        Codec::Hevc(config) => (config.width, config.height),
        _ => (0, 0),
    }
}

/// `xs:duration` of milliseconds.
fn seconds(millis: u64) -> String {
    format!("PT{}.{:03}S", millis / 1000, millis % 1000)
}

/// How many of the longest segments a player stays behind: one is being made, one travels, two are played.
const DELAY: u64 = 4;
