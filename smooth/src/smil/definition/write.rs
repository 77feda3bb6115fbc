//! From the settings to the document.

use super::{Definition, Publishing, Source};
use crate::manifest::Version;
use crate::smil::{NAMESPACE, push_attributes, push_element};

/// Writes the document, UTF-8 without a byte order mark: the settings that every definition has, those
/// that differ from their defaults, then what we do not know.
#[must_use]
pub fn write(definition: &Definition) -> String {
    let default = Definition::default();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<smil");
    push_attributes(&mut out, &[("xmlns", NAMESPACE)]);
    out.push_str(">\n  <head>\n");
    let mut meta = |name: &str, content: &str| {
        push_element(&mut out, "    ", "meta", &[("name", name), ("content", content)]);
    };
    let boolean = |value| if value { "true" } else { "false" };
    meta("title", &definition.title);
    meta("module", &definition.module);
    meta("sourceType", if definition.source == Source::Push { "Push" } else { "Pull" });
    let Publishing { fragments, streams, archives } = definition.publishing;
    let published = [(fragments, "Fragments"), (streams, "Streams"), (archives, "Archives")];
    let published: Vec<_> = published.iter().filter(|(on, _)| *on).map(|&(_, name)| name).collect();
    meta("publishing", &published.join(";"));
    meta("estimatedTime", &definition.estimated_time.to_string());
    meta("lookaheadChunks", &definition.lookahead_chunks.to_string());
    meta("manifestWindowLength", &definition.manifest_window_length.to_string());
    meta("startOnFirstRequest", boolean(definition.start_on_first_request));
    meta("restartOnEncoderReconnect", boolean(definition.restart_on_encoder_reconnect));
    if let Some(path) = &definition.archive_path {
        meta("archivePath", path);
    }
    meta("archiveSegmentLength", &definition.archive_segment_length.to_string());
    if definition.event_id_on_path {
        meta("eventId-on-path", "true");
    }
    if definition.live_cache_length > 0 {
        meta("liveCacheLength", &definition.live_cache_length.to_string());
    }
    if definition.client_manifest_version == Version::V2_2 {
        meta("clientManifestVersion", "2.2");
    }
    if !definition.send_end_of_stream_on_stop {
        meta("sendEndOfStreamOnStop", "false");
    }
    if !definition.formats.is_empty() {
        meta("formats", &definition.formats.join(";"));
    }
    let (apple, default) = (&definition.apple, &default.apple);
    if apple != default {
        meta("m3u8-aapl-segmentlength", &apple.segment_length.to_string());
        meta("m3u8-aapl-maxbitrate", &apple.max_bitrate.to_string());
        meta("m3u8-aapl-allowcaching", boolean(apple.allow_caching));
        meta("m3u8-aapl-backwardcompatible", boolean(apple.backward_compatible));
        meta("m3u8-aapl-includecodecs", boolean(apple.include_codecs));
        meta("m3u8-aapl-enableencryption", boolean(apple.enable_encryption));
        if let Some(key) = apple.encryption_key {
            meta("m3u8-aapl-encryptionkey", &key.to_hex());
        }
        if let Some(uri) = &apple.key_uri {
            meta("m3u8-aapl-keyuri", uri);
        }
    }
    if let Some(filters) = &definition.filters {
        meta("filters", filters);
    }
    for (name, content) in &definition.other {
        meta(name, content);
    }
    out.push_str("  </head>\n  <body>\n");
    if !definition.refs.is_empty() {
        out.push_str("    <par>\n");
        for found in &definition.refs {
            let mut attributes = vec![("src", found.src.as_str())];
            attributes.extend(found.other.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            push_element(&mut out, "      ", "ref", &attributes);
        }
        out.push_str("    </par>\n");
    }
    out.push_str("  </body>\n</smil>\n");
    out
}
