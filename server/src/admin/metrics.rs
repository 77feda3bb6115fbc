//! `/metrics`: figures for Prometheus, taken when they are asked for.
//!
//! Labels are publishing points that run, and tracks and outputs of these: as many as the settings
//! allow, and nothing that a viewer can make up. Counters of a publishing point begin anew with a broadcast.

use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use super::model::{Archive, ArchiveState, archive_of};
use crate::http::{App, problem};
use crate::publishing_point::snapshot::Snapshot;
use crate::publishing_point::statistics::Statistics;
use crate::publishing_point::track::Counters;
use crate::publishing_point::traffic::STATUSES;

/// Answers a scrape.
pub fn serve(app: &App, method: &Method) -> Response<Body> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut response =
            problem(StatusCode::METHOD_NOT_ALLOWED, "method", "this method is not offered here");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let mut registry = Registry::with_prefix("silverlane");
    registry.register_collector(Box::new(Scrape::of(app)));
    let mut out = String::new();
    if text::encode(&mut out, &registry).is_err() {
        return problem(StatusCode::INTERNAL_SERVER_ERROR, "broken", "the figures cannot be written");
    }
    let mut response = Response::new(Body::from(out));
    let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Everything at one moment.
#[derive(Debug)]
struct Scrape {
    points: Vec<Point>,
    connections: usize,
    encoders: usize,
    held: usize,
    stopping: bool,
}

#[derive(Debug)]
struct Point {
    path: String,
    now: Statistics,
    archive: Archive,
    tracks: Vec<Track>,
}

/// A track with what all push streams brought of it.
#[derive(Debug)]
struct Track {
    labels: [(&'static str, String); 4],
    bytes: u64,
    fragments: Counters,
    requests: u64,
    /// Seconds since the newest fragment is unknown without a clock: its end in media time.
    newest: Option<f64>,
}

impl Scrape {
    fn of(app: &App) -> Self {
        let settings = &app.settings;
        let point = |point: &Arc<crate::publishing_point::PublishingPoint>| {
            let (snapshot, now) = (point.snapshot(), point.statistics());
            Point {
                path: point.path().to_owned(),
                archive: archive_of(point),
                tracks: tracks(point.path(), &snapshot, &now),
                now,
            }
        };
        Self {
            points: app.registry.running().iter().map(point).collect(),
            connections: app.connections.now(),
            encoders: settings.max_encoders.saturating_sub(app.encoders.available_permits()),
            held: settings.max_held_requests.saturating_sub(app.holds.available_permits()),
            stopping: app.is_stopping(),
        }
    }
}

fn tracks(path: &str, snapshot: &Snapshot, now: &Statistics) -> Vec<Track> {
    let mut found = Vec::new();
    for (stream, level) in snapshot.streams.iter().flat_map(|s| s.levels.iter().map(move |l| (s, l))) {
        let feeds = now.streams.iter().flat_map(|s| &s.tracks).filter(|t| t.id == level.id);
        let mut track = Track {
            labels: [
                ("point", path.to_owned()),
                ("kind", stream.kind.as_str().to_owned()),
                ("track", stream.name.clone()),
                ("bitrate", level.spec.level.bitrate.to_string()),
            ],
            bytes: 0,
            fragments: Counters::default(),
            requests: level.requests.total(),
            newest: None,
        };
        for feed in feeds {
            track.bytes += feed.bytes;
            // The same in all of them.
            track.fragments = feed.total;
        }
        track.newest = level.entries.last().map(|e| stream.timescale.seconds(e.span.end()));
        found.push(track);
    }
    found
}

/// Writes the samples of one metric.
struct Family<'a, 'b>(&'a mut DescriptorEncoder<'b>);

impl Family<'_, '_> {
    fn write<L: prometheus_client::encoding::EncodeLabelSet, M: EncodeMetric>(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        kind: MetricType,
        samples: impl Iterator<Item = (L, M)>,
    ) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(name, help, unit, kind)?;
        for (labels, value) in samples {
            value.encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn counter<L: prometheus_client::encoding::EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        samples: impl Iterator<Item = (L, u64)>,
    ) -> fmt::Result {
        let samples = samples.map(|(labels, value)| (labels, ConstCounter::new(value)));
        self.write(name, help, unit, MetricType::Counter, samples)
    }

    fn gauge<L: prometheus_client::encoding::EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        samples: impl Iterator<Item = (L, f64)>,
    ) -> fmt::Result {
        let samples = samples.map(|(labels, value)| (labels, ConstGauge::new(value)));
        self.write(name, help, unit, MetricType::Gauge, samples)
    }
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut family = Family(&mut encoder);
        let none: [(&str, String); 0] = [];
        let one = |value: usize| std::iter::once((none.clone(), value as f64));
        family.gauge("connections", "Connections that are open", None, one(self.connections))?;
        family.gauge("encoders", "Encoders that are connected", None, one(self.encoders))?;
        family.gauge("held_requests", "Requests held until their fragment exists", None, one(self.held))?;
        family.gauge(
            "stopping",
            "1 while the server is being stopped",
            None,
            one(usize::from(self.stopping)),
        )?;
        self.points(&mut family)?;
        self.tracks(&mut family)
    }
}

impl Scrape {
    fn points(&self, family: &mut Family<'_, '_>) -> fmt::Result {
        let point = |p: &Point| ("point", p.path.clone());
        let states = self.points.iter().map(|p| ([point(p), ("state", format!("{:?}", p.now.state))], 1.0));
        family.gauge(
            "point_state",
            "State of a publishing point: 1 for the one that it is in",
            None,
            states,
        )?;
        let memory = self.points.iter().map(|p| ([point(p)], p.now.memory_bytes as f64));
        family.gauge(
            "point_memory",
            "Media in memory, with what keeping it costs",
            Some(&Unit::Bytes),
            memory,
        )?;
        let healthy = self.points.iter().filter(|p| p.archive.state != ArchiveState::Off);
        let healthy = healthy.map(|p| ([point(p)], f64::from(p.archive.state != ArchiveState::Failing)));
        family.gauge("archive_healthy", "0 while the archive cannot be written", None, healthy)?;
        let archived = self.points.iter().map(|p| ([point(p)], p.archive.bytes));
        family.counter("archive", "Written to the archive", Some(&Unit::Bytes), archived)?;
        let missing = self.points.iter().map(|p| ([point(p)], p.archive.missing));
        family.counter("archive_missing_fragments", "Fragments that are not archived", None, missing)?;
        let sinks = || {
            self.points.iter().flat_map(move |p| {
                p.now.sinks.iter().map(move |s| ([point(p), ("output", s.name.to_owned())], s))
            })
        };
        let answers = sinks().flat_map(|([point, output], s)| {
            STATUSES.into_iter().zip(s.statuses).map(move |(status, count)| {
                ([point.clone(), output.clone(), ("status", status.to_owned())], count)
            })
        });
        family.counter("requests", "Answers to viewers", None, answers)?;
        let sent = sinks().map(|(labels, s)| (labels, s.bytes));
        family.counter("sent", "Bodies of answers to viewers", Some(&Unit::Bytes), sent)
    }

    fn tracks(&self, family: &mut Family<'_, '_>) -> fmt::Result {
        let tracks = || self.points.iter().flat_map(|p| &p.tracks);
        let bytes = tracks().map(|t| (t.labels.clone(), t.bytes));
        family.counter("ingest", "Fragments that came, of all encoders", Some(&Unit::Bytes), bytes)?;
        let fragments = tracks().flat_map(|t| {
            let c = &t.fragments;
            let outcomes = [
                ("accepted", c.accepted),
                ("duplicate", c.duplicates),
                ("conflict", c.conflicts),
                ("late", c.late),
                ("unaligned", c.unaligned),
            ];
            outcomes.map(|(outcome, count)| {
                let [a, b, c, d] = t.labels.clone();
                ([a, b, c, d, ("outcome", outcome.to_owned())], count)
            })
        });
        family.counter("fragments", "Fragments that came, by what became of them", None, fragments)?;
        let gaps = tracks().map(|t| (t.labels.clone(), t.fragments.gaps));
        family.counter("gaps", "Jumps forward in a track", None, gaps)?;
        let restarts = tracks().map(|t| (t.labels.clone(), t.fragments.restarts));
        family.counter("encoder_restarts", "Encoders that began anew", None, restarts)?;
        let requests = tracks().map(|t| (t.labels.clone(), t.requests));
        family.counter("track_requests", "Requests for fragments of a track", None, requests)?;
        let newest = tracks().filter_map(|t| Some((t.labels.clone(), t.newest?)));
        family.gauge("track_end", "End of the newest fragment, in media time", Some(&Unit::Seconds), newest)
    }
}
