//! What the fuzz targets do: one plain function each, so that `tests/replay.rs` runs the corpus through
//! it with any toolchain.
//!
//! To add a target: a function here and its line in [`TARGETS`], `fuzz_targets/<name>.rs`, its `[[bin]]`
//! in `Cargo.toml`, and a few small seeds in `corpus/<name>/`.

use smooth::{Limits, manifest, url, xml};

/// A target: any bytes, no panic.
pub type Target = fn(&[u8]);

/// All targets by name, which is that of the corpus folder.
pub const TARGETS: &[(&str, Target)] = &[("manifest", self::manifest), ("url", self::url)];

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
