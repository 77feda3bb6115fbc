//! Notices and figures as plain objects for the page. Words for people are not made here but by the
//! elements, by code: text is smaller in a script than in a module.

use js_sys::{Array, BigInt, Object, Reflect, Uint8Array};
use smooth::manifest::{EmbeddedContent, Kind, Reason, Skipped};
use wasm_bindgen::prelude::*;

use crate::engine::{Engine, GapCause, Notice, Presentation, Problem, Severity, Stats, SwitchReason};

/// Name and detail of the page's event for a notice.
pub(super) fn notice(notice: &Notice, engine: &Engine) -> (&'static str, JsValue) {
    let it = Detail::new();
    let name = match notice {
        Notice::ManifestReady { live, duration } => {
            if let Some(presentation) = engine.presentation() {
                describe(&it, &presentation);
            }
            it.set("live", *live).set("duration", duration.unwrap_or(f64::INFINITY));
            "manifestready"
        }
        Notice::Skipped(skipped) => {
            skip(&it, skipped);
            "streamskipped"
        }
        Notice::KeysNeeded { ids, systems, license_url } => {
            let list = Array::new();
            for header in systems {
                let it = Detail::new();
                it.set("id", bytes(&header.system_id)).set("data", bytes(&header.data));
                list.push(&it.0);
            }
            let ids: Array = ids.iter().map(|id| bytes(id)).collect();
            it.set("keyIds", ids).set("systems", list).set("licenseUrl", license_url.as_deref());
            "keysneeded"
        }
        Notice::RenditionChange { kind, from, to, position, reason } => {
            it.set("kind", kind.as_str()).set("from", *from).set("to", *to);
            it.set("position", *position).set("reason", switch(*reason));
            "renditionchange"
        }
        Notice::StreamChange { kind, name } => {
            it.set("kind", kind.as_str()).set("name", name.as_deref());
            "streamchange"
        }
        Notice::Stall { position } => {
            it.set("position", *position);
            "stall"
        }
        Notice::StallEnded { seconds } => {
            it.set("seconds", *seconds);
            "stallended"
        }
        Notice::GapJump { from, to, cause } => {
            it.set("from", *from).set("to", *to).set("cause", gap(*cause));
            "gapjump"
        }
        Notice::ChunkSkipped { kind, position } => {
            it.set("kind", kind.as_str()).set("position", *position);
            "chunkskipped"
        }
        Notice::LiveEdge { start, target, edge } => {
            it.set("start", *start).set("target", *target).set("edge", *edge);
            "liveedge"
        }
        Notice::RateControl { rate, latency } => {
            it.set("rate", *rate).set("latency", *latency);
            "ratecontrol"
        }
        Notice::Silence { seconds } => {
            it.set("seconds", *seconds);
            "silence"
        }
        Notice::SilenceEnded => "silenceended",
        Notice::BroadcastEnded { duration } => {
            it.set("duration", *duration);
            "broadcastended"
        }
        Notice::Data { stream, subtype, position, duration, content } => {
            it.set("stream", stream.as_str()).set("subtype", subtype.as_str());
            it.set("position", *position).set("duration", *duration);
            match content {
                EmbeddedContent::Sample(bytes) => it.set("value", Uint8Array::from(bytes.as_slice())),
                EmbeddedContent::Script { kind, command } => {
                    it.set("type", kind.as_str()).set("value", command.as_str())
                }
                EmbeddedContent::Marker(title) => it.set("value", title.as_str()),
            };
            "datareceived"
        }
        Notice::Error(problem) => {
            error(&it, problem);
            "problem"
        }
    };
    (name, it.0.into())
}

/// Figures.
pub(super) fn stats(stats: &Stats) -> JsValue {
    let it = Detail::new();
    it.set("throughput", stats.throughput as f64)
        .set("videoBitrate", stats.video_bitrate)
        .set("audioBitrate", stats.audio_bitrate)
        .set("buffered", stats.buffered)
        .set("latency", stats.latency)
        .set("rate", stats.rate)
        .set("stalls", stats.stalls)
        .set("stalled", stats.stalled)
        .set("manifestRequests", stats.manifest_requests)
        .set("fragmentRequests", stats.fragment_requests)
        .set("notYet", stats.not_yet)
        .set("bytes", stats.bytes as f64);
    it.0.into()
}

fn describe(it: &Detail, presentation: &Presentation<'_>) {
    it.set("live", presentation.live)
        .set("presentationStart", BigInt::from(presentation.zero))
        .set("timescale", presentation.timescale.get());
    let streams = Array::new();
    for stream in &presentation.streams {
        let levels = Array::new();
        for level in &stream.levels {
            let it = Detail::new();
            it.set("bitrate", level.bitrate).set("width", level.width).set("height", level.height);
            it.set("mime", level.mime);
            levels.push(&it.0);
        }
        let it = Detail::new();
        let kind = if stream.data.is_some() { "data" } else { stream.kind.as_str() };
        it.set("kind", kind)
            .set("subtype", stream.data)
            .set("name", stream.name)
            .set("language", stream.language);
        it.set("selected", stream.selected).set("levels", levels);
        streams.push(&it.0);
    }
    it.set("streams", streams);
}

fn error(it: &Detail, problem: &Problem) {
    it.set("code", problem.code.as_str())
        .set("fatal", problem.severity == Severity::Fatal)
        .set("kind", problem.kind.map(Kind::as_str))
        .set("url", problem.url.as_str())
        .set("status", u32::from(problem.status))
        .set("time", problem.time.map(BigInt::from));
}

fn skip(it: &Detail, skipped: &Skipped) {
    let (reason, about) = match &skipped.reason {
        Reason::UnknownType => ("unknown-type", ""),
        Reason::NoUrl => ("no-url", ""),
        Reason::NoStartTime => ("no-start-time", ""),
        Reason::NoBitrate => ("no-bitrate", ""),
        Reason::NoLevels => ("no-levels", ""),
        Reason::DuplicateName => ("duplicate-name", ""),
        Reason::DuplicateLevel => ("duplicate-level", ""),
        Reason::UnsupportedCodec(codec) => ("unsupported-codec", codec.as_str()),
        Reason::BadPrivateData => ("bad-private-data", ""),
        Reason::BadAttribute(name) => ("bad-attribute", *name),
        Reason::BadChunks(rule) => ("bad-chunks", *rule),
        Reason::Limit(name) => ("limit", *name),
        _ => ("other", ""),
    };
    it.set("stream", skipped.stream.as_str())
        .set("bitrate", skipped.bitrate)
        .set("reason", reason)
        .set("about", about);
}

const fn switch(reason: SwitchReason) -> &'static str {
    match reason {
        SwitchReason::Start => "start",
        SwitchReason::Chosen => "chosen",
        SwitchReason::ThroughputUp => "throughput-up",
        SwitchReason::ThroughputDown => "throughput-down",
        SwitchReason::BufferLow => "buffer-low",
        SwitchReason::Abandoned => "abandoned",
        SwitchReason::Failing => "failing",
        SwitchReason::Stream => "stream",
    }
}

const fn gap(cause: GapCause) -> &'static str {
    match cause {
        GapCause::Hole => "hole",
        GapCause::Frozen => "frozen",
        GapCause::WindowSlid => "window-slid",
        GapCause::Restarted => "restarted",
        GapCause::BeyondEdge => "beyond-edge",
    }
}

fn bytes(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

/// A plain object.
struct Detail(Object);

impl Detail {
    fn new() -> Self {
        Self(Object::new())
    }

    fn set(&self, key: &str, value: impl Into<JsValue>) -> &Self {
        self.put(key, &value.into());
        self
    }

    #[inline(never)]
    fn put(&self, key: &str, value: &JsValue) {
        // Refused only by frozen objects.
        let _ = Reflect::set(&self.0, &key.into(), value);
    }
}
