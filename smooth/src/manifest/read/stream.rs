//! `StreamIndex`.

use super::chunks::Chunks;
use super::fields::{attributes, boolean, number, size};
use super::level;
use crate::{
    Limits, Timescale,
    error::Error,
    manifest::{Embedded, EmbeddedContent, Kind, Manifest, Reason, Stream, Timeline},
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
    let (mut width, mut height) = (0, 0);
    for level in &stream.levels {
        width = level.width.max(width);
        height = level.height.max(height);
    }
    if stream.max_width == 0 {
        stream.max_width = width;
    }
    if stream.max_height == 0 {
        stream.max_height = height;
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
    let [kind, subtype, name, language, url, fourcc, parent, manifest_output, scale] = &attributes(
        element,
        &[
            "Type",
            "Subtype",
            "Name",
            "Language",
            "Url",
            "FourCC",
            "ParentStreamIndex",
            "ManifestOutput",
            "TimeScale",
        ],
    )?;
    let [max_width, max_height, display_width, display_height] =
        &attributes(element, &["MaxWidth", "MaxHeight", "DisplayWidth", "DisplayHeight"])?;
    let word = kind.trim_ascii();
    let mut known = None;
    for candidate in [Kind::Video, Kind::Audio, Kind::Text] {
        if word.eq_ignore_ascii_case(candidate.as_str()) {
            known = Some(candidate);
        }
    }
    let (mut timescale, mut unusable) = (timescale, None);
    if !scale.is_empty() {
        match number(scale).and_then(Timescale::new) {
            Some(scale) => timescale = scale,
            None => unusable = Some(Reason::BadAttribute("TimeScale")),
        }
    }
    if known.is_none() {
        unusable = Some(Reason::UnknownType);
    }
    let name = match known {
        _ if !name.is_empty() => name.to_string(),
        Some(kind) => kind.as_str().to_owned(),
        None => kind.to_string(),
    };
    let stream = Stream {
        kind: known.unwrap_or(Kind::Text),
        subtype: subtype.trim_ascii().to_ascii_uppercase(),
        name,
        language: language.to_string(),
        timescale,
        url: url.to_string(),
        max_width: size(max_width),
        max_height: size(max_height),
        display_width: size(display_width),
        display_height: size(display_height),
        parent: if parent.is_empty() { None } else { Some(parent.to_string()) },
        manifest_output: boolean(manifest_output).unwrap_or(false),
        levels: Vec::new(),
        chunks: Timeline::new(),
        embedded: Vec::new(),
    };
    Ok((stream, level::fourcc(fourcc), unusable))
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
                let (level, mut reason) = level::read(reader, &child, levels, stream, fourcc)?;
                levels = levels.saturating_add(1);
                let bitrate = if reason == Some(Reason::NoBitrate) { None } else { Some(level.bitrate) };
                if stream.levels.len() >= limits.levels {
                    // Named once, whatever their number.
                    if full {
                        continue;
                    }
                    full = true;
                    reason = Some(Reason::Limit("levels"));
                }
                match reason {
                    None => stream.levels.push(level),
                    Some(reason) => manifest.skip(&stream.name, bitrate, reason),
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
        let [time, kind, command, title] = &attributes(&child, &["Time", "Type", "Command", "Value"])?;
        let content = match child.name() {
            "ScriptCommand" => {
                EmbeddedContent::Script { kind: kind.to_string(), command: command.to_string() }
            }
            "Marker" => EmbeddedContent::Marker(title.to_string()),
            _ => continue,
        };
        if let Some(time) = number(time) {
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
        name = text::concat(&[&name, "_", &stream.language]);
    }
    let mut candidate = name.clone();
    let mut suffix = 2u32;
    while taken(&candidate) {
        candidate = text::concat(&[&name, "_"]);
        text::push_decimal(&mut candidate, suffix.into());
        suffix = suffix.saturating_add(1);
    }
    stream.name = candidate;
    Ok(())
}
