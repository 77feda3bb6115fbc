//! Manifests of DASH, read by a parser that we did not write.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::Event;
use smooth::Span;

/// Elements of an MPD, each with its attributes, in document order.
pub(crate) fn elements(mpd: &str) -> Vec<(String, HashMap<String, String>)> {
    let mut reader = Reader::from_str(mpd);
    let mut all = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(e) | Event::Empty(e) => {
                let attributes = e.attributes().map(|a| {
                    let a = a.unwrap();
                    let name = a.key.as_ref().to_owned();
                    (name, a.value.to_string())
                });
                all.push((e.name().as_ref().to_owned(), attributes.collect()));
            }
            Event::Eof => return all,
            _ => {}
        }
    }
}

/// The segments that the timelines of an MPD name: timescale, address, place.
pub(crate) fn segments(mpd: &str) -> Vec<(u64, String, Span)> {
    let (mut all, mut shared, mut times, mut next) = (Vec::new(), (0, String::new()), Vec::new(), 0);
    for (name, attributes) in elements(mpd) {
        let number = |key: &str| attributes.get(key).map(|v| v.parse::<u64>().unwrap());
        match name.as_str() {
            "SegmentTemplate" => {
                shared = (number("timescale").unwrap(), attributes["media"].clone());
                times.clear();
            }
            "S" => {
                let duration = number("d").unwrap();
                next = number("t").unwrap_or(next);
                for _ in 0..=number("r").unwrap_or(0) {
                    times.push(Span { time: next, duration });
                    next += duration;
                }
            }
            "Representation" => {
                for span in &times {
                    let address = shared.1.replace("$Bandwidth$", &attributes["bandwidth"]);
                    let address = address.replace("$Time$", &span.time.to_string());
                    all.push((shared.0, address, *span));
                }
            }
            _ => {}
        }
    }
    all
}
