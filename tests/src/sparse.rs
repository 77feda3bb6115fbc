//! An encoder of a sparse stream: short requests, each with the whole header and what there is to tell.

use crate::splitter::variants::{boxed, text_fragment};
use crate::web;

/// Posts `events` to the publishing point `point`: ticks since the encoder's start, and what happens then. The
/// stream is called `markers`, and stands beside the stream `video`.
pub async fn push(point: &str, events: &[(u64, &str)]) {
    let mut body = header();
    for (time, text) in events {
        body.extend(text_fragment(*time, 0, text.as_bytes()));
    }
    let status = web::post(&format!("{point}/Streams(markers)"), body).await;
    assert_eq!(status, 200, "the origin takes {events:?}");
}

/// `ftyp`, the live server manifest, and a `moov` that describes nothing.
fn header() -> Vec<u8> {
    const LIVE_SERVER_MANIFEST: [u8; 16] =
        [0xa5, 0xd4, 0x0b, 0x30, 0xe8, 0x14, 0x11, 0xdd, 0xba, 0x2f, 0x08, 0x00, 0x20, 0x0c, 0x9a, 0x66];
    let smil = r#"<?xml version="1.0" encoding="utf-8"?><smil xmlns="http://www.w3.org/2001/SMIL20/Language"><head/><body><switch>
        <textstream src="Streams(markers)" systemBitrate="1000"><param name="trackID" value="1" valuetype="data"/>
        <param name="trackName" value="markers" valuetype="data"/><param name="Subtype" value="DATA" valuetype="data"/>
        <param name="FourCC" value="DATA" valuetype="data"/><param name="timescale" value="10000000" valuetype="data"/>
        <param name="parentTrackName" value="video" valuetype="data"/></textstream></switch></body></smil>"#;
    let mvhd = [&[0; 12][..], &10_000_000_u32.to_be_bytes(), &[0; 84]].concat();
    [
        boxed(b"ftyp", &[b"isml\0\0\0\x01piffiso2"]),
        boxed(b"uuid", &[&LIVE_SERVER_MANIFEST, &[0; 4], smil.as_bytes()]),
        boxed(b"moov", &[&boxed(b"mvhd", &[&mvhd])]),
    ]
    .concat()
}
