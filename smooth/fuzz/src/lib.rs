//! What the fuzz targets do: one plain function each, so that `tests/replay.rs` runs the corpus through
//! it with any toolchain.
//!
//! To add a target: a function here and its line in [`TARGETS`], `fuzz_targets/<name>.rs`, its `[[bin]]`
//! in `Cargo.toml`, and a few small seeds in `corpus/<name>/`.

use smooth::{Limits, captions, manifest, url, xml};

/// A target: any bytes, no panic.
pub type Target = fn(&[u8]);

/// All targets by name, which is that of the corpus folder.
pub const TARGETS: &[(&str, Target)] =
    &[("captions", self::captions), ("manifest", self::manifest), ("url", self::url)];

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
    let full = url::manifest_url(&text);
    assert!(full.starts_with(url::base(&full)));
}
