//! Reasons of the reader as sentences, each with a remedy.

use smooth::manifest::{Reason, Skipped};

use super::report::Finding;

/// What was kept out of the presentation, for a person.
pub(super) fn skipped(skipped: &Skipped) -> Finding {
    let (problem, remedy) = explain(&skipped.reason);
    let what = match skipped.bitrate {
        Some(bitrate) => format!("`{}` at {bitrate} bit/s", skipped.stream),
        None => format!("`{}`", skipped.stream),
    };
    Finding::new(format!("{what} is left out: {problem}"), remedy)
}

/// What `reason` means, and what to do.
pub(super) fn explain(reason: &Reason) -> (String, &'static str) {
    let packager = "Correct the encoder's or packager's settings";
    match reason {
        Reason::UnknownType => ("its Type is none of video, audio and text".into(), packager),
        Reason::NoUrl => ("it has no Url, and no data in the manifest".into(), packager),
        Reason::NoStartTime => ("its Url has no {start time}".into(), packager),
        Reason::NoBitrate => ("its Bitrate is missing or not a number".into(), packager),
        Reason::NoLevels => {
            ("none of its quality levels can be played".into(), "See the reasons of its levels")
        }
        Reason::DuplicateName => (
            "another stream has the same Name".into(),
            "Give each stream a name of its own (trackName of the encoder)",
        ),
        Reason::DuplicateLevel => (
            "another level has the same bitrate and attributes".into(),
            "Give each level a bitrate of its own",
        ),
        Reason::UnsupportedCodec(fourcc) => (
            format!("no browser plays `{fourcc}`"),
            match fourcc.as_str() {
                "WVC1" | "WMAP" | "WMA2" | "WMAPRO" => {
                    "Convert it: ffmpeg -i FILE -c:v libx264 -c:a aac …; VC-1 and Windows Media Audio play in no browser"
                }
                _ => "Encode it as H.264 or H.265 with AAC or E-AC-3",
            },
        ),
        Reason::BadPrivateData => (
            "its CodecPrivateData does not hold what the decoder needs".into(),
            "For H.264 it must be SPS and PPS with start codes, for AAC an AudioSpecificConfig, in hex",
        ),
        Reason::BadAttribute(name) => (format!("its {name} cannot be read"), packager),
        Reason::BadChunks(rule) => (format!("its chunk list contradicts itself: {rule}"), packager),
        Reason::Limit(name) => (
            format!("it is larger than the limit `{name}`"),
            "Shorten the DVR window, or write a compressed manifest (version 2.2)",
        ),
        _ => ("it cannot be played".into(), packager),
    }
}
