//! What the fuzz targets do: one plain function each, so that `tests/replay.rs` runs the corpus through
//! it with any toolchain.
//!
//! To add a target: a function here and its line in [`TARGETS`], `fuzz_targets/<name>.rs`, its `[[bin]]`
//! in `Cargo.toml`, and a few small seeds in `corpus/<name>/`.

use smooth::protection::playready;
use smooth::smil::{definition, live, presentation, streams};
use smooth::{Limits, Span, boxes, captions, codec::Codec, ingest, manifest, url, xml};

/// A target: any bytes, no panic.
pub type Target = fn(&[u8]);

/// All targets by name, which is that of the corpus folder.
pub const TARGETS: &[(&str, Target)] = &[
    ("boxes", self::boxes),
    ("captions", self::captions),
    ("ingest", self::ingest),
    ("manifest", self::manifest),
    ("mfra", self::mfra),
    ("protection", self::protection),
    ("smil", self::smil),
    ("url", self::url),
];

/// Any bytes as boxes: fragments and movie headers. What is rewritten can be read, and says the same of
/// its samples.
pub fn boxes(data: &[u8]) {
    let limits = Limits::default();
    for found in boxes::walk(data).map_while(Result::ok) {
        let whole = found.whole;
        if let Ok(tracks) = boxes::moov::read(whole, &limits) {
            tracks.iter().for_each(describe);
        }
        let Ok(head) = boxes::read_head(whole, &limits) else { continue };
        let samples = boxes::build::read_samples(whole, &limits).expect("the head was read");
        assert_eq!(samples.len(), head.samples as usize);
        let span = Span { time: u64::MAX, duration: 7 };
        if let Ok(served) = boxes::delivery::rewrite(whole, span, &[span]) {
            let read = boxes::read_head(&served, &limits).expect("what we write can be read");
            assert_eq!((read.span, read.look_ahead, read.size), (Some(span), vec![span], head.size));
            assert_eq!(boxes::build::read_samples(&served, &limits).unwrap(), samples);
            assert_eq!(boxes::delivery::rewrite(&served, span, &[span]).unwrap(), served);
        }
        let media_len = usize::try_from(head.size).unwrap_or(0);
        if let Ok(keys) = boxes::key_frames::fragment(whole, span, &[span], media_len) {
            let read = boxes::read_head(&keys.head, &limits).expect("what we write can be read");
            let media: usize = keys.media.iter().map(ExactSizeIterator::len).sum();
            assert_eq!((read.span, read.size), (Some(span), media as u64));
            assert!(read.samples <= head.samples && (read.starts_with_sync || read.samples == 0));
        }
        let _ = boxes::moov::read_protection(whole, &limits);
        let plain = boxes::mse::Options { decode_time: u64::MAX, force_sync: true, ..Default::default() };
        let key = Some(boxes::encryption::Key { id: [1; 16], iv_size: 8 });
        for options in [plain, boxes::mse::Options { key, ..plain }] {
            let Ok(played) = boxes::mse::rewrite(whole, &options) else { continue };
            let read = boxes::read_head(&played, &limits).expect("what we write can be read");
            assert_eq!((read.decode_time, read.samples), (Some(u64::MAX), head.samples));
            assert!(read.starts_with_sync || read.samples == 0);
            assert_eq!(boxes::mse::rewrite(&played, &options).unwrap(), played);
        }
    }
}

/// A track as a quality level, and back as an init segment.
fn describe(track: &boxes::moov::Track) {
    let level = manifest::QualityLevel {
        fourcc: track.fourcc.clone(),
        private_data: track.private_data.clone(),
        nal_length: track.nal_length,
        ..Default::default()
    };
    let Ok(codec) = Codec::from_level(track.kind, &level, "") else { return };
    let _ = codec.mime();
    if let Codec::Avc(config) = &codec {
        let _ = (config.frame_rate(), config.reorder_frames());
    }
    let (timescale, language) = (track.timescale, track.language.as_str());
    let segment =
        boxes::init::segment(&boxes::init::Track { timescale, codec: &codec, language, protection: None });
    let moov = boxes::walk(&segment).nth(1).expect("ftyp, moov").expect("whole boxes");
    let read = boxes::moov::read(moov.whole, &Limits::default()).expect("what we write can be read");
    assert_eq!((read[0].kind, read[0].timescale), (track.kind, timescale));
}

/// Any bytes as a push stream: pieces of any size give the same events.
pub fn ingest(data: &[u8]) {
    let demux = |piece: usize| {
        let mut demuxer = ingest::Demuxer::new(Limits::default());
        let mut events = Vec::new();
        for piece in data.chunks(piece) {
            demuxer.push(piece.to_vec().into());
            loop {
                match demuxer.poll() {
                    Ok(Some(event)) => events.push(event),
                    Ok(None) => break,
                    Err(error) => return (events, Some(error)),
                }
            }
        }
        (events, None)
    };
    let whole = demux(data.len().max(1));
    for piece in [1, 7, 64] {
        assert_eq!(demux(piece), whole);
    }
}

/// Any bytes as the index at the end of a file. What can be read is written, and reads back the same.
pub fn mfra(data: &[u8]) {
    let _ = boxes::mfra::size_from_end(data);
    let Ok(tracks) = boxes::mfra::read(data, &Limits::default()) else { return };
    assert!(tracks.iter().map(|track| track.entries.len() * 11).sum::<usize>() <= data.len());
    let written = boxes::mfra::write(&tracks);
    assert_eq!(boxes::mfra::size_from_end(&written), Some(written.len() as u64));
    assert_eq!(boxes::mfra::read(&written, &Limits::default()), Ok(tracks));
}

/// Any bytes as the SMIL documents. What can be read is written, and reads back the same.
pub fn smil(data: &[u8]) {
    let limits = Limits::default();
    if let Ok(listed) = streams::read(data, &limits) {
        assert!(listed.len() <= limits.streams);
    }
    if let Ok(manifest) = live::read(data, &limits) {
        let written = live::write(&manifest);
        let again = live::read(written.as_bytes(), &limits).expect("what we write can be read");
        if !written.contains(char::REPLACEMENT_CHARACTER) {
            assert_eq!(again, manifest, "{written}");
        }
    }
    if let Ok(settings) = definition::read(data, &limits) {
        let written = definition::write(&settings);
        let again = definition::read(written.as_bytes(), &limits).expect("what we write can be read");
        if !written.contains(char::REPLACEMENT_CHARACTER) {
            assert_eq!(again, settings, "{written}");
        }
    }
    if let Ok(found) = presentation::read(data, &limits) {
        let written = presentation::write(&found);
        let again = presentation::read(written.as_bytes(), &limits).expect("what we write can be read");
        if !written.contains(char::REPLACEMENT_CHARACTER) {
            assert_eq!(again, found, "{written}");
        }
    }
}

/// Any bytes as a PlayReady object. What can be read is written, and reads back the same.
pub fn protection(data: &[u8]) {
    let Ok(header) = playready::read(data, &Limits::default()) else { return };
    let written = playready::write(&header);
    // The writer is for what fits a record, and XML cannot carry every character.
    if written.len() < usize::from(u16::MAX) && !header.license_url.as_deref().is_some_and(odd) {
        assert_eq!(playready::read(&written, &Limits::default()), Ok(header));
    }
}

fn odd(url: &str) -> bool {
    url.chars()
        .any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER || ('\u{fffe}'..='\u{ffff}').contains(&c))
}

/// Any bytes as TTML. Cues stand within the picture, last, take memory in proportion, and the plain ones
/// survive being written.
pub fn captions(data: &[u8]) {
    let Ok(mut document) = captions::read_ttml(data, &Limits::default()) else {
        return;
    };
    let texts: usize = document.cues.iter().map(|cue| cue.text.capacity() + size_of_val(cue)).sum();
    assert!(texts <= 64 * data.len());
    let mut simple = Vec::new();
    for cue in &document.cues {
        assert!(cue.begin_ms < cue.end_ms);
        assert!(!cue.text.is_empty() || cue.image.is_some());
        if let Some(region) = cue.region {
            assert!(region.x.hundredths() + region.width.hundredths() <= 10_000);
            assert!(region.y.hundredths() + region.height.hundredths() <= 10_000);
        }
        let _ = captions::webvtt::cue_settings(cue);
        if !cue.text.is_empty() && !cue.text.contains('<') && cue.end_ms < u64::MAX {
            let (begin_ms, end_ms) = (cue.begin_ms, cue.end_ms);
            simple.push(captions::SimpleCue { begin_ms, end_ms, text: cue.text.clone() });
        }
    }
    let written = captions::write_ttml(&simple, "en");
    let again =
        captions::read_ttml(written.as_bytes(), &Limits { xml_bytes: usize::MAX, ..Limits::default() })
            .expect("what we write can be read");
    assert_eq!(again.cues.len(), simple.len(), "{written}");
    assert!(again.cues.iter().zip(&simple).all(|(a, b)| (a.begin_ms, a.end_ms) == (b.begin_ms, b.end_ms)));
    for image in &document.images {
        let _ = image.png();
    }
    let relative = document.times_are_relative(60_000, 2000);
    document.place(60_000, 2000, relative);
    let _ = captions::webvtt::write(&document.cues);
}

/// Any bytes as a manifest. What can be read is written, and reads back the same.
pub fn manifest(data: &[u8]) {
    // Repeats are cheap to write and dear to unroll: few are enough here.
    let limits = Limits { chunks: 10_000, ..Limits::default() };
    let Ok(mut first) = manifest::read(data, &limits) else {
        return;
    };
    first.skipped.clear();
    for version in [manifest::Version::V2_0, manifest::Version::V2_2] {
        first.version = version;
        let written = manifest::write(&first);
        let again = manifest::read(written.as_bytes(), &limits).expect("what we write can be read");
        // Characters that XML cannot carry are replaced.
        if !written.contains(char::REPLACEMENT_CHARACTER) {
            assert_eq!(first, again, "{written}");
        }
    }
    let _ = first.total_duration();
    first
        .retain_playable(|stream, _| if stream.is_caption() { Err(manifest::Reason::NoUrl) } else { Ok(()) });
}

/// Any text as a request, a template and a path. A request reads back as it is written.
pub fn url(data: &[u8]) {
    let Ok(text) = xml::decode(data, &Limits::default()) else {
        return;
    };
    if let Ok(request) = url::Request::parse(&text) {
        let written = request.to_string();
        assert_eq!(url::Request::parse(&written), Ok(request), "{written}");
    }
    let level =
        manifest::QualityLevel { custom_attributes: vec![("a".into(), "b".into())], ..Default::default() };
    let _ = url::expand(&text, &level, u64::MAX);
    let _ = url::expand(&text, &manifest::QualityLevel::default(), 0);
    let _ = url::split_presentation(&text);
    assert!(url::child_tracks(&text).count() <= text.len());
    let full = url::manifest_url(&text);
    assert!(full.starts_with(url::base(&full)));
}
