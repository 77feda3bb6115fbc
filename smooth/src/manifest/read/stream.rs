//! `StreamIndex`.

use super::{boolean, chunks::Chunks, level, number};
use crate::{
    Limits, Timescale,
    error::Error,
    manifest::{Embedded, EmbeddedContent, Kind, Manifest, QualityLevel, Reason, Stream, Timeline},
    text, url,
    xml::{Element, Reader},
};

/// Reads one stream into [`Manifest::streams`] or [`Manifest::skipped`].
pub(super) fn read(
    reader: &mut Reader<'_>,
    element: &Element<'_>,
    limits: &Limits,
    manifest: &mut Manifest,
) -> Result<(), Error> {
    let (mut stream, fourcc, unusable) = read_attributes(element, manifest.timescale)?;
    if manifest.streams.len() >= limits.streams {
        // Named once, whatever their number.
        let reason = Reason::Limit("streams");
        if manifest.skipped.last().is_none_or(|last| last.reason != reason) {
            manifest.skip(&stream.name, None, reason);
        }
        return Ok(());
    }
    if let Some(reason) = unusable {
        manifest.skip(&stream.name, None, reason);
        return Ok(());
    }
    if let Err(reason) = read_children(reader, element, limits, &fourcc, &mut stream, manifest)? {
        manifest.skip(&stream.name, None, reason);
        return Ok(());
    }
    let largest = |size: fn(&QualityLevel) -> u32| stream.levels.iter().map(size).max().unwrap_or(0);
    if stream.max_width == 0 {
        stream.max_width = largest(|level| level.width);
    }
    if stream.max_height == 0 {
        stream.max_height = largest(|level| level.height);
    }
    match judge(&stream).and_then(|()| rename(&mut stream, &manifest.streams)) {
        Ok(()) => manifest.streams.push(stream),
        Err(reason) => manifest.skip(&stream.name, None, reason),
    }
    Ok(())
}

/// The stream without children, its `FourCC`, and why it cannot be used.
fn read_attributes(
    element: &Element<'_>,
    timescale: Timescale,
) -> Result<(Stream, String, Option<Reason>), Error> {
    let mut stream = Stream {
        kind: Kind::Text,
        subtype: String::new(),
        name: String::new(),
        language: String::new(),
        timescale,
        url: String::new(),
        max_width: 0,
        max_height: 0,
        display_width: 0,
        display_height: 0,
        parent: None,
        manifest_output: false,
        levels: Vec::new(),
        chunks: Timeline::new(),
        embedded: Vec::new(),
    };
    let mut fourcc = String::new();
    let mut kind = String::new();
    let mut unusable = None;
    for attribute in element.attributes() {
        let (name, value) = attribute?;
        match name {
            "Type" => kind = value.into_owned(),
            "Subtype" => stream.subtype = value.trim_ascii().to_ascii_uppercase(),
            "Name" => stream.name = value.into_owned(),
            "Language" => stream.language = value.into_owned(),
            "Url" => stream.url = value.into_owned(),
            "FourCC" => fourcc = level::fourcc(&value),
            "ParentStreamIndex" => stream.parent = Some(value.into_owned()).filter(|name| !name.is_empty()),
            "ManifestOutput" => stream.manifest_output = boolean(&value).unwrap_or(false),
            "MaxWidth" => stream.max_width = number(&value).unwrap_or(0),
            "MaxHeight" => stream.max_height = number(&value).unwrap_or(0),
            "DisplayWidth" => stream.display_width = number(&value).unwrap_or(0),
            "DisplayHeight" => stream.display_height = number(&value).unwrap_or(0),
            "TimeScale" if !value.is_empty() => match number(&value).and_then(Timescale::new) {
                Some(timescale) => stream.timescale = timescale,
                None => unusable = Some(Reason::BadAttribute("TimeScale")),
            },
            _ => {}
        }
    }
    let word = kind.trim_ascii();
    let known =
        [Kind::Video, Kind::Audio, Kind::Text].into_iter().find(|k| word.eq_ignore_ascii_case(k.as_str()));
    match known {
        Some(kind) => stream.kind = kind,
        None => unusable = Some(Reason::UnknownType),
    }
    if stream.name.is_empty() {
        stream.name = known.map_or(kind, |kind| kind.as_str().to_owned());
    }
    Ok((stream, fourcc, unusable))
}

fn read_children(
    reader: &mut Reader<'_>,
    element: &Element<'_>,
    limits: &Limits,
    fourcc: &str,
    stream: &mut Stream,
    manifest: &mut Manifest,
) -> Result<Result<(), Reason>, Error> {
    let sparse = stream.parent.is_some() || stream.manifest_output;
    let mut chunks = Chunks::new(stream.kind == Kind::Text, sparse, limits.chunks);
    let (mut levels, mut full) = (0, false);
    while let Some(child) = reader.child(element)? {
        match child.name() {
            "c" => {
                let time = match chunks.read(&child)? {
                    Ok(time) => time,
                    Err(reason) => return Ok(Err(reason)),
                };
                if let Some(time) = time.filter(|_| stream.kind == Kind::Text || sparse) {
                    read_samples(reader, &child, time, stream)?;
                }
            }
            "QualityLevel" => {
                let read = level::read(reader, &child, levels, stream, fourcc)?;
                levels = levels.saturating_add(1);
                match read {
                    _ if stream.levels.len() >= limits.levels => {
                        // Named once, whatever their number.
                        if !full {
                            let bitrate = read.ok().map(|level| level.bitrate);
                            manifest.skip(&stream.name, bitrate, Reason::Limit("levels"));
                        }
                        full = true;
                    }
                    Ok(level) => stream.levels.push(level),
                    Err((bitrate, reason)) => manifest.skip(&stream.name, bitrate, reason),
                }
            }
            "Content" => read_content(reader, &child, stream)?,
            _ => {}
        }
    }
    stream.embedded.sort_by_key(|e| (e.time, matches!(e.content, EmbeddedContent::Sample(_))));
    // What remains of a presentation of known length is the duration of a last chunk without one.
    let duration = if manifest.is_live { 0 } else { manifest.duration };
    let duration = manifest.timescale.rescale(duration, stream.timescale);
    Ok(chunks.finish(duration).map(|timeline| stream.chunks = timeline))
}

/// `f` elements: samples of a sparse stream. What is not base64 is left out.
fn read_samples(
    reader: &mut Reader<'_>,
    chunk: &Element<'_>,
    time: u64,
    stream: &mut Stream,
) -> Result<(), Error> {
    while let Some(child) = reader.child(chunk)? {
        if child.name() == "f"
            && let Ok(sample) = text::base64_decode(&reader.text(&child)?)
        {
            stream.embedded.push(Embedded { time, content: EmbeddedContent::Sample(sample) });
        }
    }
    Ok(())
}

/// `ScriptCommand` and `Marker` elements. What has no time is left out.
fn read_content(reader: &mut Reader<'_>, element: &Element<'_>, stream: &mut Stream) -> Result<(), Error> {
    while let Some(child) = reader.child(element)? {
        let (mut time, mut kind, mut command, mut title) =
            (None, String::new(), String::new(), String::new());
        for attribute in child.attributes() {
            let (name, value) = attribute?;
            match name {
                "Time" => time = number(&value),
                "Type" => kind = value.into_owned(),
                "Command" => command = value.into_owned(),
                "Value" => title = value.into_owned(),
                _ => {}
            }
        }
        let content = match child.name() {
            "ScriptCommand" => EmbeddedContent::Script { kind, command },
            "Marker" => EmbeddedContent::Marker(title),
            _ => continue,
        };
        if let Some(time) = time {
            stream.embedded.push(Embedded { time, content });
        }
    }
    Ok(())
}

/// Whether the stream can be asked for, or need not be.
fn judge(stream: &Stream) -> Result<(), Reason> {
    if stream.manifest_output || !stream.embedded.is_empty() {
        return Ok(());
    }
    if stream.url.is_empty() {
        return Err(Reason::NoUrl);
    }
    if !url::has_start_time(&stream.url) {
        return Err(Reason::NoStartTime);
    }
    if stream.levels.is_empty() { Err(Reason::NoLevels) } else { Ok(()) }
}

/// Gives the stream a name of its own: many have none, and several of a type differ in language only.
/// A stream asked for at the same address as another is that stream.
fn rename(stream: &mut Stream, others: &[Stream]) -> Result<(), Reason> {
    let taken = |name: &str| others.iter().any(|other| other.name == name);
    if !taken(&stream.name) {
        return Ok(());
    }
    let is_same = |other: &Stream| {
        !other.url.is_empty()
            && other.url == stream.url
            && other.levels.iter().any(|level| stream.levels.iter().any(|l| l.is_at_the_address_of(level)))
    };
    if others.iter().any(is_same) {
        return Err(Reason::DuplicateName);
    }
    let mut name = stream.name.clone();
    if !stream.language.is_empty() {
        name = [&name, "_", &stream.language].concat();
    }
    let mut candidate = name.clone();
    let mut suffix = 2u32;
    while taken(&candidate) {
        candidate = [&name, "_"].concat();
        text::push_decimal(&mut candidate, suffix.into());
        suffix = suffix.saturating_add(1);
    }
    stream.name = candidate;
    Ok(())
}
