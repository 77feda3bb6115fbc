//! The layouts that makers of presentations use, and every address of a fragment.

use smooth::boxes::{self, uuid};
use smooth::manifest::{self, Manifest};
use smooth::{Limits, url};

use super::Origin;
use super::files::{BITRATES, index, index_at, ism, ismc, ismv, put, utf16, with_short_index, with_tfxd};

async fn manifest_of(origin: &Origin, path: &str) -> Manifest {
    let response = origin.get(path).await;
    assert_eq!(response.status, 200, "{}", response.text());
    manifest::read(&response.body, &Limits::default()).unwrap()
}

/// Every fragment that the manifest at `base` lists is that of the file, at its time.
async fn every_fragment_is_right(origin: &Origin, base: &str) {
    let listed = manifest_of(origin, &format!("{base}/Manifest")).await;
    let (file, index) = (ismv(), index(ismv()));
    assert_eq!(listed.streams.iter().map(|s| s.levels.len()).sum::<usize>(), 3);
    for stream in &listed.streams {
        assert_eq!(stream.chunks.len(), 4, "{}", stream.name);
        for level in &stream.levels {
            let (id, ..) = BITRATES.iter().find(|(_, _, bitrate)| *bitrate == level.bitrate).unwrap();
            for (chunk, (_, _, at)) in stream.chunks.iter().zip(&index[id]) {
                let path = url::expand(&stream.url, level, chunk.time).unwrap();
                let response = origin.get(&format!("{base}/{path}")).await;
                assert_eq!(response.status, 200, "{base}/{path}: {}", response.text());
                let served: Vec<_> = boxes::walk(&response.body).map(Result::unwrap).collect();
                let own: Vec<_> = boxes::walk(&file[*at..]).take(2).map(Result::unwrap).collect();
                assert_eq!(served.len(), 2);
                assert!(served[1].whole == own[1].whole, "the media is not that of the file");
                let head = boxes::read_head(served[0].whole, &Limits::default()).unwrap();
                let expected = boxes::read_head(own[0].whole, &Limits::default()).unwrap();
                assert_eq!(head.span, Some(chunk));
                assert_eq!((head.samples, head.size), (expected.samples, expected.size));
                assert!(head.look_ahead.is_empty());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_with_all_bitrates() {
    let origin = Origin::start().await;
    put(origin.root(), ismv());
    let manifest = origin.get("/film.ism/Manifest").await;
    assert_eq!((manifest.status, manifest.header("content-type")), (200, "text/xml"));
    assert_eq!(manifest.text(), ismc(ismv()), "the client manifest is sent as it is");
    every_fragment_is_right(&origin, "/film.ism").await;
    every_fragment_is_right(&origin, "/FILM.ISM").await;
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expression_encoder_has_a_file_for_each_bitrate_and_writes_utf_16() {
    let origin = Origin::start().await;
    let folder = origin.root().join("My Films");
    std::fs::create_dir(&folder).unwrap();
    for name in ["My Film_100.ismv", "My Film_200.ismv"] {
        std::fs::write(folder.join(name), ismv()).unwrap();
    }
    let client = utf16(&ismc(ismv()));
    std::fs::write(folder.join("My Film.ismc"), &client).unwrap();
    // Windows did not mind the case, nor the slash.
    let src = [".\\My Film_100.ISMV", "my film_200.ismv", "My%20Film_100.ismv"];
    std::fs::write(folder.join("My Film.ism"), utf16(&ism(&src, Some("My Film.ismc")))).unwrap();
    let manifest = origin.get("/My%20Films/My%20Film.ism/Manifest").await;
    assert_eq!((manifest.status, &manifest.body), (200, &client), "{}", manifest.text());
    every_fragment_is_right(&origin, "/My%20Films/My%20Film.ism").await;
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fragments_that_say_their_time_otherwise_or_not_at_all() {
    let origin = Origin::with(&[], |s| s.presentation_check_seconds = 0).await;
    // Version 0 has 32 bits, and what follows is passed over.
    let old = with_tfxd(ismv(), |tfxd| {
        let (time, duration) = (tfxd[24..28].to_vec(), tfxd[32..36].to_vec());
        tfxd[16] = 0;
        tfxd[20..24].copy_from_slice(&time);
        tfxd[24..28].copy_from_slice(&duration);
    });
    let none = with_tfxd(ismv(), |tfxd| tfxd[..16].copy_from_slice(&[7; 16]));
    assert!(!none.windows(16).any(|w| w == uuid::TFXD));
    for file in [old, none.clone(), none[..index_at(&none)].to_vec()] {
        put(origin.root(), &file);
        // The manifest is that of the file as ffmpeg wrote it: the times must come out the same.
        every_fragment_is_right(&origin, "/film.ism").await;
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_manifest_lists_and_the_index_of_the_file_leaves_out_is_found() {
    let origin = Origin::with(&[], |s| s.presentation_check_seconds = 0).await;
    for keep in [3, 1] {
        let file = with_short_index(ismv(), keep);
        assert!(index(&file).values().all(|fragments| fragments.len() == keep));
        put(origin.root(), &file);
        every_fragment_is_right(&origin, "/film.ism").await;
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_client_manifest_one_is_made_of_the_files() {
    let origin = Origin::start().await;
    std::fs::write(origin.root().join("a.ismv"), ismv()).unwrap();
    std::fs::write(origin.root().join("bare.ism"), ism(&["a.ismv"; 3], None)).unwrap();
    std::fs::write(origin.root().join("lost.ism"), ism(&["a.ismv"; 3], Some("lost.ismc"))).unwrap();
    for base in ["/bare.ism", "/lost.ism"] {
        every_fragment_is_right(&origin, base).await;
        let made = manifest_of(&origin, &format!("{base}/Manifest")).await;
        let written = manifest::read(ismc(ismv()).as_bytes(), &Limits::default()).unwrap();
        assert!(!made.is_live && made.dvr_window == 0);
        for (made, written) in made.streams.iter().zip(&written.streams) {
            assert_eq!((&made.name, made.kind), (&written.name, written.kind));
            for (made, written) in made.levels.iter().zip(&written.levels) {
                assert_eq!((&made.private_data, &made.fourcc), (&written.private_data, &written.fourcc));
            }
        }
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_view_of_a_fragment() {
    let origin = Origin::start().await;
    put(origin.root(), ismv());
    let get = |noun: &str| {
        let path = format!("/film.ism/QualityLevels(200000)/{noun}(video=20000000)");
        let origin = &origin;
        async move {
            let response = origin.get(&path).await;
            assert_eq!(response.status, 200, "{path}: {}", response.text());
            response
        }
    };
    let whole = get("Fragments").await;
    let parts: Vec<_> = boxes::walk(&whole.body).map(Result::unwrap).collect();
    assert_eq!(get("FragmentInfo").await.body, parts[0].whole);
    assert_eq!(get("RawFragments").await.body, parts[1].payload);
    let again = origin
        .request(
            "GET",
            "/film.ism/QualityLevels(200000)/Fragments(video=20000000)",
            &format!("If-None-Match: {}\r\n", whole.header("etag")),
        )
        .await;
    assert_eq!(again.status, 304);
    for (path, status) in [
        ("/film.ism/QualityLevels(200000)/Fragments(video=20000001)", 404),
        ("/film.ism/QualityLevels(200001)/Fragments(video=20000000)", 404),
        ("/film.ism/QualityLevels(200000,a=b)/Fragments(video=20000000)", 404),
        ("/film.ism/QualityLevels(200000)/Fragments(video=900000000)", 404),
        ("/film.ism/Events(1)/Manifest", 404),
        ("/film.ism/QualityLevels(200000)/Fragment(video=0)", 400),
        ("/film.ism/Streams(1)", 404),
        ("/film.ism", 404),
        ("/film.ismc", 404),
        ("/film.ismv", 404),
        ("/other.ism/Manifest", 404),
    ] {
        let response = origin.get(path).await;
        assert_eq!(response.status, status, "{path}");
        assert!(response.text().starts_with("{\"error\":"), "{path}: {}", response.text());
    }
    assert_eq!(origin.request("POST", "/film.ism/Manifest", "Content-Length: 0\r\n").await.status, 405);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_files_is_served_as_it_is() {
    let origin = Origin::start().await;
    let folder = origin.root().join("cut.ism/QualityLevels(5)");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("Fragments(video=0)"), b"any bytes").unwrap();
    std::fs::write(origin.root().join("cut.ism/Manifest"), b"<x/>").unwrap();
    assert_eq!(origin.get("/cut.ism/Manifest").await.text(), "<x/>");
    assert_eq!(origin.get("/cut.ism/QualityLevels(5)/Fragments(video=0)").await.text(), "any bytes");
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dash_and_hls_come_from_the_same_files_where_the_settings_say_so() {
    let outputs =
        ["mpd-time-csf", "m3u8-cmaf", "m3u8-aapl"].map(|f| format!("/film.ism/Manifest(format={f})"));
    let origin = Origin::start().await;
    put(origin.root(), ismv());
    for path in &outputs {
        let response = origin.get(path).await;
        assert_eq!(response.status, 200, "{path}: {}", response.text());
    }
    assert!(origin.get(&outputs[0]).await.text().contains("type=\"static\""));
    let origin = origin.restarted(|s| s.on_demand_formats = "m3u8-aapl".to_owned()).await;
    for (path, status) in outputs.iter().zip([404, 404, 200]) {
        assert_eq!(origin.get(path).await.status, status, "{path}");
    }
    origin.stop().await;
}
