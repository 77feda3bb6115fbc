//! A real push: the body that ffmpeg posted, demuxed in pieces of any size.

#![allow(clippy::unwrap_used, reason = "a test stops there")]

use bytes::Bytes;
use smooth::boxes::{delivery, moov, mse, read_head, walk};
use smooth::codec::Codec;
use smooth::ingest::{Demuxer, Event, Fragment, Header};
use smooth::manifest::Kind;
use smooth::{Limits, Span, Timescale};

fn capture() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/ffmpeg-push.ismv");
    std::fs::read(path).unwrap()
}

fn demux(stream: &Bytes, piece: usize) -> Vec<Event> {
    let mut demuxer = Demuxer::new(Limits::default());
    let mut events = Vec::new();
    let mut rest = stream.clone();
    while !rest.is_empty() {
        demuxer.push(rest.split_to(piece.min(rest.len())));
        while let Some(event) = demuxer.poll().unwrap() {
            events.push(event);
        }
    }
    events
}

fn header(events: &[Event]) -> &Header {
    match &events[0] {
        Event::Header(header) => header,
        other => panic!("{other:?}"),
    }
}

fn fragments(events: &[Event]) -> Vec<&Fragment> {
    events.iter().filter_map(|e| if let Event::Fragment(f) = e { Some(f) } else { None }).collect()
}

#[test]
fn pieces_of_any_size_give_the_same_events() {
    let stream = Bytes::from(capture());
    let whole = demux(&stream, stream.len());
    assert_eq!(whole.len(), 42);
    assert_eq!(whole[41], Event::EndOfStream);
    assert_eq!(fragments(&whole).len(), 40);
    for piece in [1, 1000, 65_536] {
        assert!(demux(&stream, piece) == whole, "{piece}");
    }
}

#[test]
fn the_tracks_are_those_that_were_encoded() {
    let events = demux(&Bytes::from(capture()), 65_536);
    let header = header(&events);
    assert!(header.from_smil);
    let facts: Vec<_> = header
        .tracks
        .iter()
        .map(|t| {
            let codec = Codec::from_level(t.kind, &t.level, &t.subtype).unwrap();
            (t.id, t.name.as_str(), t.level.bitrate, t.level.width, t.level.height, codec.codec_string())
        })
        .collect();
    let codec = String::from;
    assert_eq!(
        facts,
        [
            (1, "video", 100_000, 426, 240, codec("avc1.4D4015")),
            (2, "video", 180_000, 640, 360, codec("avc1.4D401E")),
            (3, "video", 300_000, 854, 480, codec("avc1.4D401E")),
            (4, "audio_eng", 64_000, 0, 0, codec("mp4a.40.2")),
        ]
    );
    assert_eq!(header.tracks[3].level.private_data, [0x11, 0x90, 0x56, 0xe5, 0]);
    assert_eq!((header.tracks[3].level.channels, header.tracks[3].level.sampling_rate), (2, 48_000));
}

#[test]
fn without_a_manifest_the_movie_header_tells_the_same() {
    let stream = capture();
    let boxes: Vec<_> = walk(&stream).map(Result::unwrap).collect();
    let tracks = moov::read(boxes[2].whole, &Limits::default()).unwrap();
    let told: Vec<_> = tracks.iter().map(|t| (t.id, t.kind, t.width, t.bitrate)).collect();
    assert_eq!(
        told,
        [
            (1, Kind::Video, 426, 0),
            (2, Kind::Video, 640, 0),
            (3, Kind::Video, 854, 0),
            (4, Kind::Audio, 0, 64_000)
        ]
    );
    let with = demux(&Bytes::from(stream.clone()), stream.len());
    let without = [boxes[0].whole, &stream[boxes[2].offset..]].concat();
    let without = demux(&Bytes::from(without), 1000);
    assert!(!header(&without).from_smil);
    for (told, known) in header(&without).tracks.iter().zip(&header(&with).tracks) {
        assert_eq!(told.level.private_data, known.level.private_data);
        assert_eq!((&told.level.fourcc, &told.name), (&known.level.fourcc, &known.name));
        assert_eq!(told.timescale, Timescale::DEFAULT);
    }
    assert!(without[1..] == with[1..]);
}

#[test]
fn private_data_that_the_encoder_cut_is_recovered() {
    let stream = capture();
    let cut = String::from_utf8_lossy(&stream[..3000]).find("B16CB0000000168EFBC80").unwrap();
    let mut stream = stream;
    // The value ends early; spaces keep the size of the box.
    stream[cut + 8] = b'"';
    stream[cut + 9..cut + 22].fill(b' ');
    let events = demux(&Bytes::from(stream), 1000);
    let known = demux(&Bytes::from(capture()), 1000);
    assert_eq!(header(&events).tracks[0].level.private_data, header(&known).tracks[0].level.private_data);
}

#[test]
fn sound_begins_before_zero_and_follows_itself() {
    let events = demux(&Bytes::from(capture()), 65_536);
    let audio: Vec<_> =
        fragments(&events).iter().filter(|f| f.track_id == 4).map(|f| f.head.span.unwrap()).collect();
    assert_eq!(audio[0].signed_time(), -213_333);
    for pair in audio.windows(2) {
        assert_eq!(pair[0].time.wrapping_add(pair[0].duration), pair[1].time);
    }
}

#[test]
fn every_fragment_survives_both_rewritings() {
    let events = demux(&Bytes::from(capture()), 65_536);
    for fragment in fragments(&events) {
        let head = &fragment.head;
        assert_eq!(u64::try_from(fragment.mdat.len()).unwrap(), head.size + 8);
        let span = Span { time: 1 << 50, duration: head.duration };
        let ahead = [Span { time: span.end(), duration: 7 }];
        let served = delivery::rewrite(&fragment.moof, span, &ahead).unwrap();
        let served_head = read_head(&served, &Limits::default()).unwrap();
        assert_eq!((served_head.span, served_head.look_ahead.as_slice()), (Some(span), &ahead[..]));
        let back = delivery::rewrite(&served, head.span.unwrap(), &[]).unwrap();
        assert_eq!(back, fragment.moof);

        let options = mse::Options { decode_time: 1 << 33, force_sync: true, ..Default::default() };
        let played = mse::rewrite(&served, &options).unwrap();
        let played_head = read_head(&played, &Limits::default()).unwrap();
        assert_eq!(played_head.decode_time, Some(1 << 33));
        assert_eq!((played_head.span, played_head.track_id), (None, 1));
        assert_eq!((played_head.samples, played_head.size), (head.samples, head.size));
    }
}
