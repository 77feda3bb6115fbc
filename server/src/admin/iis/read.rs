//! Reads the documents that clients send: an Atom entry, or its content alone.

use smooth::Limits;
use smooth::xml::{Element, Event, Reader};

use super::super::settings::{ManifestVersion, PointSettings, Reference, Secret, SourceType};
use super::error::Fault;
use super::times::read_duration;

/// The settings in the document `text`; what it does not speak of stays as in `settings`.
pub(super) fn settings(text: &str, mut settings: PointSettings) -> Result<PointSettings, Fault> {
    content(text, "Settings", |reader, root| {
        each(reader, root, |reader, element| read_setting(reader, element, &mut settings))
    })?;
    Ok(settings)
}

/// The state in the document `text`.
pub(super) fn state(text: &str) -> Result<String, Fault> {
    let mut value = None;
    content(text, "State", |reader, root| {
        each(reader, root, |reader, element| {
            if element.name() == "Value" {
                value = Some(read_text(reader, element)?);
            }
            Ok(())
        })
    })?;
    value.ok_or(Fault::Schema("Value is missing"))
}

/// Finds the element `name` inside `SmoothStreaming`, wherever that stands.
fn content(
    text: &str,
    name: &'static str,
    read: impl FnOnce(&mut Reader<'_>, &Element<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let limits = Limits::default();
    let mut reader = Reader::new(text, &limits);
    let mut parent = reader.root().map_err(Fault::Xml)?;
    // entry, content, SmoothStreaming, name
    let path: &[&str] = match parent.name() {
        "entry" => &["content", "SmoothStreaming", name],
        "SmoothStreaming" => &[name],
        _ => return Err(Fault::Schema("neither entry nor SmoothStreaming is the root")),
    };
    for step in path {
        parent = loop {
            match reader.child(&parent).map_err(Fault::Xml)? {
                Some(child) if child.name() == *step => break child,
                Some(_) => {}
                None => {
                    return Err(Fault::Schema("entry/content/SmoothStreaming does not hold what it should"));
                }
            }
        };
    }
    read(&mut reader, &parent)?;
    // What follows must be XML, too.
    while !matches!(reader.event().map_err(Fault::Xml)?, Event::Eof) {}
    Ok(())
}

fn each(
    reader: &mut Reader<'_>,
    parent: &Element<'_>,
    mut read: impl FnMut(&mut Reader<'_>, &Element<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    while let Some(child) = reader.child(parent).map_err(Fault::Xml)? {
        read(reader, &child)?;
    }
    Ok(())
}

fn read_setting(reader: &mut Reader<'_>, element: &Element<'_>, s: &mut PointSettings) -> Result<(), Fault> {
    match element.name() {
        "Title" => s.title = read_text(reader, element)?,
        "SourceType" => {
            s.source_type = match read_text(reader, element)?.as_str() {
                "Push" => SourceType::Push,
                "Pull" => SourceType::Pull,
                _ => return Err(wrong("SourceType is neither Push nor Pull")),
            };
        }
        "EstimatedDuration" => s.estimated_duration = length(reader, element)?,
        "AutoStart" => s.auto_start = boolean(&read_text(reader, element)?)?,
        "AutoRestartOnEncoderReconnect" => {
            s.auto_restart_on_encoder_reconnect = boolean(&read_text(reader, element)?)?;
        }
        "LookAheadChunks" => s.look_ahead_chunks = number(reader, element)?,
        "Archive" => {
            enabled(element, &mut s.archive)?;
            each(reader, element, |reader, child| {
                match child.name() {
                    "SegmentLength" => s.archive_segment_length = length(reader, child)?,
                    "Path" => {
                        if let Some(value) = attribute(child, "useEventIdOnPath")? {
                            s.use_event_id_on_path = boolean(&value)?;
                        }
                        s.archive_path = read_text(reader, child)?;
                    }
                    _ => {}
                }
                Ok(())
            })?;
        }
        "ClientConnections" => {
            enabled(element, &mut s.client_connections)?;
            each(reader, element, |reader, child| {
                match child.name() {
                    "WindowLength" => s.window_length = length(reader, child)?,
                    "LiveCacheLength" => s.live_cache_length = length(reader, child)?,
                    "ClientManifestVersion" => {
                        s.client_manifest_version = match read_text(reader, child)?.as_str() {
                            "2.0" => ManifestVersion::V2_0,
                            "2.2" => ManifestVersion::V2_2,
                            _ => return Err(wrong("ClientManifestVersion is neither 2.0 nor 2.2")),
                        };
                    }
                    _ => {}
                }
                Ok(())
            })?;
        }
        "ServerConnections" => {
            enabled(element, &mut s.server_connections)?;
            each(reader, element, |reader, child| {
                if child.name() == "SendEndOfStreamOnStop" {
                    s.send_end_of_stream_on_stop = boolean(&read_text(reader, child)?)?;
                }
                Ok(())
            })?;
        }
        "PullFrom" => s.pull_from = references(reader, element)?,
        "PushTo" => s.push_to = references(reader, element)?,
        "Modules" => {
            each(reader, element, |reader, module| {
                each(
                    reader,
                    module,
                    |reader, child| {
                        if child.name() == "HLS" { apple(reader, child, s) } else { Ok(()) }
                    },
                )
            })?;
        }
        _ => {}
    }
    Ok(())
}

/// The output for Apple devices is on where its module is there.
fn apple(reader: &mut Reader<'_>, element: &Element<'_>, s: &mut PointSettings) -> Result<(), Fault> {
    s.apple_output = true;
    enabled(element, &mut s.apple_output)?;
    each(reader, element, |reader, child| {
        match child.name() {
            "SegmentLength" => s.apple_segment_length = length(reader, child)?,
            "MaxBitRate" => s.apple_max_bitrate = number(reader, child)?,
            "AllowCaching" => s.apple_allow_caching = boolean(&read_text(reader, child)?)?,
            "BackwardCompatible" => s.apple_backward_compatible = boolean(&read_text(reader, child)?)?,
            "IncludeCodecs" => s.apple_include_codecs = boolean(&read_text(reader, child)?)?,
            "Encryption" => {
                enabled(child, &mut s.apple_encryption)?;
                each(reader, child, |reader, key| {
                    match key.name() {
                        "Key" => s.apple_key = Secret(read_text(reader, key)?),
                        "KeyUri" => s.apple_key_uri = read_text(reader, key)?,
                        _ => {}
                    }
                    Ok(())
                })?;
            }
            _ => {}
        }
        Ok(())
    })
}

fn references(reader: &mut Reader<'_>, element: &Element<'_>) -> Result<Vec<Reference>, Fault> {
    let mut found = Vec::new();
    each(reader, element, |reader, list| {
        each(reader, list, |reader, child| {
            if child.name() == "PublishingPoint" {
                let credential = attribute(child, "credentialName")?.filter(|c| !c.is_empty());
                found.push(Reference { url: read_text(reader, child)?, credential });
            }
            Ok(())
        })
    })?;
    Ok(found)
}

fn read_text(reader: &mut Reader<'_>, element: &Element<'_>) -> Result<String, Fault> {
    Ok(reader.text(element).map_err(Fault::Xml)?.trim().to_owned())
}

fn attribute(element: &Element<'_>, name: &str) -> Result<Option<String>, Fault> {
    Ok(element.attribute(name).map_err(Fault::Xml)?.map(std::borrow::Cow::into_owned))
}

fn enabled(element: &Element<'_>, value: &mut bool) -> Result<(), Fault> {
    if let Some(text) = attribute(element, "enabled")? {
        *value = boolean(&text)?;
    }
    Ok(())
}

fn boolean(text: &str) -> Result<bool, Fault> {
    match text.trim() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(wrong("a value is neither true nor false")),
    }
}

fn number(reader: &mut Reader<'_>, element: &Element<'_>) -> Result<u32, Fault> {
    read_text(reader, element)?.parse().map_err(|_| wrong("a value is no whole number"))
}

fn length(reader: &mut Reader<'_>, element: &Element<'_>) -> Result<u32, Fault> {
    read_duration(&read_text(reader, element)?).ok_or_else(|| wrong("a value is no duration such as PT10S"))
}

fn wrong(what: &str) -> Fault {
    Fault::Data(format!("{what}."))
}
