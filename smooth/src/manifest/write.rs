//! Writes a client manifest as IIS does: canonical names, booleans in capitals, one line an element.

use super::{Embedded, EmbeddedContent, Manifest, QualityLevel, Run, Stream, Version};
use crate::{
    Span,
    text::{base64_encode, hex_encode},
    xml::escape,
};

/// `manifest` as XML in UTF-8, with its declaration. [`Manifest::skipped`] is not written.
///
/// Version 2.0 has a `c` for every chunk, 2.2 one for every run of equal chunks. `d` always stands;
/// `t` stands on the first chunk, and on each that does not begin where the one before it ends.
#[must_use]
pub fn write(manifest: &Manifest) -> String {
    let mut out = Writer(String::with_capacity(4096));
    out.push("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<SmoothStreamingMedia");
    out.number("MajorVersion", 2u32);
    out.number("MinorVersion", if manifest.version == Version::V2_2 { 2u32 } else { 0 });
    out.number("TimeScale", manifest.timescale.get());
    out.number("Duration", manifest.duration);
    if manifest.is_live {
        out.boolean("IsLive", true);
    }
    if let Some(count) = manifest.look_ahead {
        out.number("LookAheadFragmentCount", count);
    }
    if manifest.is_live || manifest.dvr_window > 0 {
        out.number("DVRWindowLength", manifest.dvr_window);
    }
    if let Some(can_seek) = manifest.can_seek {
        out.boolean("CanSeek", can_seek);
    }
    if let Some(can_pause) = manifest.can_pause {
        out.boolean("CanPause", can_pause);
    }
    out.push(">\n");
    if !manifest.protection.is_empty() {
        out.push("<Protection>\n");
        for header in &manifest.protection {
            out.push("<ProtectionHeader SystemID=\"");
            out.uuid(header.system_id);
            out.push("\">");
            out.push(&base64_encode(&header.data));
            out.push("</ProtectionHeader>\n");
        }
        out.push("</Protection>\n");
    }
    for stream in &manifest.streams {
        out.stream(stream, manifest.version);
    }
    out.custom_attributes(&manifest.custom_attributes);
    out.push("</SmoothStreamingMedia>\n");
    out.0
}

struct Writer(String);

impl Writer {
    fn stream(&mut self, stream: &Stream, version: Version) {
        self.push("<StreamIndex");
        self.text("Type", stream.kind.as_str());
        self.filled("Subtype", &stream.subtype);
        self.text("Name", &stream.name);
        self.filled("Language", &stream.language);
        self.number("TimeScale", stream.timescale.get());
        self.number("Chunks", stream.chunks.len());
        self.number("QualityLevels", stream.levels.len() as u64);
        self.nonzero("MaxWidth", stream.max_width);
        self.nonzero("MaxHeight", stream.max_height);
        self.nonzero("DisplayWidth", stream.display_width);
        self.nonzero("DisplayHeight", stream.display_height);
        if let Some(parent) = &stream.parent {
            self.text("ParentStreamIndex", parent);
        }
        if stream.manifest_output {
            self.boolean("ManifestOutput", true);
        }
        self.filled("Url", &stream.url);
        self.push(">\n");
        for level in &stream.levels {
            self.level(level);
        }
        self.content(stream);
        if stream.embedded.iter().any(|embedded| embedded.sample().is_some()) {
            self.chunks_with_samples(stream);
        } else {
            self.chunks(stream, version);
        }
        self.push("</StreamIndex>\n");
    }

    fn level(&mut self, level: &QualityLevel) {
        self.push("<QualityLevel");
        self.number("Index", level.index);
        self.number("Bitrate", level.bitrate);
        self.filled("FourCC", &level.fourcc);
        self.nonzero("MaxWidth", level.width);
        self.nonzero("MaxHeight", level.height);
        self.nonzero("SamplingRate", level.sampling_rate);
        self.nonzero("Channels", level.channels);
        self.nonzero("BitsPerSample", level.bits_per_sample);
        self.nonzero("PacketSize", level.packet_size);
        self.nonzero("AudioTag", level.audio_tag);
        if level.nal_length != 4 {
            self.number("NALUnitLengthField", level.nal_length);
        }
        // Its absence upsets old players more than its emptiness.
        self.text("CodecPrivateData", &hex_encode(&level.private_data));
        if level.custom_attributes.is_empty() {
            self.push("/>\n");
            return;
        }
        self.push(">\n");
        self.custom_attributes(&level.custom_attributes);
        self.push("</QualityLevel>\n");
    }

    fn custom_attributes(&mut self, attributes: &[(String, String)]) {
        if attributes.is_empty() {
            return;
        }
        self.push("<CustomAttributes>\n");
        for (name, value) in attributes {
            self.push("<Attribute");
            self.text("Name", name);
            self.text("Value", value);
            self.push("/>\n");
        }
        self.push("</CustomAttributes>\n");
    }

    /// Script commands and markers.
    fn content(&mut self, stream: &Stream) {
        let mut open = false;
        for embedded in &stream.embedded {
            let element = match embedded.content {
                EmbeddedContent::Sample(_) => continue,
                EmbeddedContent::Script { .. } => "<ScriptCommand",
                EmbeddedContent::Marker(_) => "<Marker",
            };
            if !open {
                self.push("<Content>\n");
                open = true;
            }
            self.push(element);
            self.number("Time", embedded.time);
            match &embedded.content {
                EmbeddedContent::Sample(_) => {}
                EmbeddedContent::Script { kind, command } => {
                    self.text("Type", kind);
                    self.text("Command", command);
                }
                EmbeddedContent::Marker(title) => self.text("Value", title),
            }
            self.push("/>\n");
        }
        if open {
            self.push("</Content>\n");
        }
    }

    fn chunks(&mut self, stream: &Stream, version: Version) {
        let mut cursor = None;
        let mut line = Self(String::new());
        for run in stream.chunks.runs() {
            let explicit = (cursor != Some(run.time)).then_some(run.time);
            cursor = Some(run.end());
            if version == Version::V2_2 {
                self.chunk(explicit, run);
                self.push("/>\n");
                continue;
            }
            self.chunk(explicit, &Run { count: 1, ..*run });
            self.push("/>\n");
            // The rest of the run is the same line over and over.
            line.0.clear();
            line.chunk(None, &Run { count: 1, ..*run });
            line.push("/>\n");
            for _ in 1..run.count {
                self.push(&line.0);
            }
        }
    }

    /// Chunks of a sparse stream, each with the samples that begin with it. A sample beside them gets a
    /// chunk of its own.
    fn chunks_with_samples(&mut self, stream: &Stream) {
        let mut samples = stream.embedded.iter().filter_map(Embedded::sample).peekable();
        let mut chunks = stream.chunks.iter().peekable();
        loop {
            let sample = samples.peek().map(|&(time, _)| Span { time, duration: 0 });
            let chunk = chunks.peek().copied();
            let Some(first) = chunk.into_iter().chain(sample).min_by_key(|span| span.time) else {
                return;
            };
            chunks.next_if(|chunk| chunk.time == first.time);
            self.chunk(Some(first.time), &Run { time: first.time, duration: first.duration, count: 1 });
            self.push(">");
            while let Some((_, sample)) = samples.next_if(|&(time, _)| time == first.time) {
                self.push("<f i=\"0\">");
                self.push(&base64_encode(sample));
                self.push("</f>");
            }
            self.push("</c>\n");
        }
    }

    /// A chunk element without its end.
    fn chunk(&mut self, time: Option<u64>, run: &Run) {
        self.push("<c");
        if let Some(time) = time {
            self.number("t", time);
        }
        self.number("d", run.duration);
        if run.count > 1 {
            self.number("r", run.count);
        }
    }

    fn push(&mut self, text: &str) {
        self.0.push_str(text);
    }

    fn text(&mut self, name: &str, value: &str) {
        for part in [" ", name, "=\"", &escape(value), "\""] {
            self.push(part);
        }
    }

    /// Nothing if `value` is empty.
    fn filled(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.text(name, value);
        }
    }

    fn number(&mut self, name: &str, value: impl Into<u64>) {
        self.text(name, &value.into().to_string());
    }

    /// Nothing if `value` is 0.
    fn nonzero(&mut self, name: &str, value: impl Into<u64>) {
        let value = value.into();
        if value > 0 {
            self.number(name, value);
        }
    }

    fn boolean(&mut self, name: &str, value: bool) {
        self.text(name, if value { "TRUE" } else { "FALSE" });
    }

    /// `9A04F079-9840-4286-AB92-E65BE0885F95`
    fn uuid(&mut self, bytes: [u8; 16]) {
        for (i, byte) in bytes.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                self.push("-");
            }
            self.push(&hex_encode(&[*byte]));
        }
    }
}

impl Embedded {
    /// Start and bytes of an `f`.
    fn sample(&self) -> Option<(u64, &[u8])> {
        match &self.content {
            EmbeddedContent::Sample(bytes) => Some((self.time, bytes)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
