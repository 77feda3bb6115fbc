//! DASH and modern HLS: what is listed is there, and what is asked for otherwise is told why not.

use m3u8_rs::{MasterPlaylist, MediaPlaylist};
use smooth::Limits;
use smooth::boxes::{read_head, walk};

use crate::harness::{Captions, END, Origin, Parts, STREAM, capture};
use crate::mpd::{elements, segments};

const MPD: &str = "/live.isml/Manifest(format=mpd-time-csf).mpd";
const MASTER: &str = "/live.isml/Manifest(format=m3u8-cmaf).m3u8";
const LEVEL: &str = "/live.isml/QualityLevels(100000)/";

impl Origin {
    async fn mpd(&self) -> String {
        let response = self.get(MPD).await;
        assert_eq!((response.status, response.header("content-type")), (200, "application/dash+xml"));
        response.text()
    }

    async fn media_playlist(&self, path: &str) -> MediaPlaylist {
        let response = self.get(path).await;
        assert_eq!(response.status, 200, "{path}: {}", response.text());
        m3u8_rs::parse_media_playlist_res(&response.body).unwrap()
    }
}

async fn with_captions(origin: &Origin, parts: &Parts, range: std::ops::Range<usize>) {
    let captions = Captions::new();
    let mut text = captions.header();
    for chunk in range.clone() {
        let ttml = "<tt xmlns=\"http://www.w3.org/ns/ttml\"><body><div>\
                    <p begin=\"0.5s\" end=\"1.5s\">One &amp; two</p></div></body></tt>";
        text.extend(captions.fragment(chunk as u64 * 20_000_000, ttml));
    }
    let mut push = origin.push("/live.isml/Streams(captions)").await;
    push.piece(&text).await;
    origin.post(STREAM, &[parts.stream(range), END.to_vec()].concat(), 1 << 16).await;
    push.piece(END).await;
    push.finish().await;
    origin.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_segment_of_the_mpd_is_there_at_its_time_with_the_media_that_was_pushed() {
    let parts = Parts::of(&capture());
    let origin = Origin::start().await;
    with_captions(&origin, &parts, 0..6).await;
    let mpd = origin.mpd().await;
    let root = &elements(&mpd)[0].1;
    assert_eq!(root["type"], "static");
    let pushed: Vec<_> = parts.fragments.iter().map(|f| f.mdat.clone()).collect();
    let listed = segments(&mpd);
    assert_eq!(listed.len(), 4 * 6 + 6, "{mpd}");
    for (timescale, address, span) in &listed {
        let response = origin.get(&format!("/live.isml/{address}")).await;
        assert_eq!(response.status, 200, "{address}");
        let head = read_head(&response.body, &Limits::default()).unwrap();
        let shown = head.decode_time.unwrap().saturating_add_signed(head.first_composition_offset);
        assert!(shown.abs_diff(span.time) * 1000 <= *timescale, "{address}: {shown}");
        let mdat = walk(&response.body).nth(1).unwrap().unwrap();
        if address.contains("caps") {
            assert!(mdat.payload.windows(13).any(|w| w == b"One &amp; two"), "{address}");
        } else {
            assert!(pushed.iter().any(|p| p == mdat.whole), "{address}");
        }
    }
    let init = origin.get(&format!("{LEVEL}Fragments(video=i,format=mpd-time-csf).mp4")).await;
    let kinds: Vec<_> = walk(&init.body).map(|b| b.unwrap().kind).collect();
    assert_eq!((init.header("content-type"), kinds), ("video/mp4", vec![*b"ftyp", *b"moov"]));
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_playlist_and_segment_that_the_master_names_is_there() {
    let parts = Parts::of(&capture());
    let origin = Origin::start().await;
    with_captions(&origin, &parts, 0..6).await;
    let response = origin.get(MASTER).await;
    let master: MasterPlaylist = m3u8_rs::parse_master_playlist_res(&response.body).unwrap();
    assert_eq!((master.variants.len(), master.alternatives.len()), (6, 2), "{}", response.text());
    let alternatives = master.alternatives.iter().filter_map(|a| a.uri.clone());
    for uri in master.variants.iter().map(|v| v.uri.clone()).chain(alternatives) {
        let playlist = origin.media_playlist(&format!("/live.isml/{uri}")).await;
        assert!(playlist.end_list && playlist.segments.len() == 6, "{uri}");
        let folder = uri.split('/').next().unwrap();
        for segment in &playlist.segments {
            let path = format!("/live.isml/{folder}/{}", segment.uri);
            let response = origin.get(&path).await;
            assert_eq!(response.status, 200, "{path}");
            if segment.uri.ends_with(".vtt") {
                let text = response.text();
                assert!(text.starts_with("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:01:00:00.000,MPEGTS:"), "{text}");
                assert!(text.contains("01:00:00.500 --> 01:00:01.500"), "{text}");
            } else if segment.uri.starts_with("KeyFrames") {
                let head = read_head(&response.body, &Limits::default()).unwrap();
                assert!(head.samples == 1 && head.starts_with_sync, "{path}");
            }
        }
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_statuses_and_caching() {
    let parts = Parts::of(&capture());
    let origin = Origin::start().await;
    assert_eq!(origin.get(MPD).await.status, 404);
    let mut push = origin.push(STREAM).await;
    push.piece(&parts.stream(0..6)).await;
    // Nothing is held back: the newest chunk is listed while Smooth Streaming still waits.
    let newest = format!("{LEVEL}Fragments(video=100000000,format=m3u8-cmaf).m4s");
    push.settled(&origin, &newest, 200).await;
    assert_eq!(origin.get(&format!("{LEVEL}Fragments(video=100000000)")).await.status, 412);
    assert_eq!(elements(&origin.mpd().await)[0].1["type"], "dynamic");
    assert!(!origin.media_playlist(&format!("{LEVEL}Manifest(video,format=m3u8-cmaf)")).await.end_list);
    let plain = origin.get(&newest).await;
    assert_eq!(
        (plain.header("content-type"), plain.header("cache-control")),
        ("video/mp4", "public, max-age=60")
    );
    let known = format!("If-None-Match: {}\r\n", plain.header("etag"));
    assert_eq!(origin.request("GET", &newest, &known).await.status, 304);
    for (path, status) in [
        ("Fragments(video=100000000,format=m3u8-cmaf)", 200),
        ("fragments%28video%3D100000000%2Cformat%3Dm3u8-cmaf%29", 200),
        ("Fragments(video=200000000,format=mpd-time-csf).m4s", 200), // ten seconds later by its own clock
        ("KeyFrames(video=100000000,format=m3u8-cmaf)", 200),
        ("Fragments(video=120000000,format=m3u8-cmaf)", 404), // not yet
        ("Fragments(video=1,format=m3u8-cmaf)", 404),
        ("Fragments(video=1,format=mpd-time-csf)", 404),
        ("Fragments(video=0,format=mpd-time-csf,epoch=x)", 404),
        ("Fragments(video=0,format=mpd-time-csf,epoch=18446744073709551615)", 404),
        ("FragmentInfo(video=0,format=m3u8-cmaf)", 404),
        ("KeyFrames(audio_eng=0,format=m3u8-cmaf)", 404),
        ("Manifest(nobody,format=m3u8-cmaf)", 404),
        ("Manifest(video,format=m3u8-cmaf,type=x)", 404),
        ("Fragments(video=,format=m3u8-cmaf)", 400),
    ] {
        let response = origin.get(&format!("{LEVEL}{path}")).await;
        assert_eq!(response.status, status, "{path}");
        assert!(status == 200 || response.header("cache-control") == "no-store", "{path}");
    }
    assert_eq!(origin.get("/live.isml/Events(other)/Manifest(format=mpd-time-csf)").await.status, 404);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_that_is_off_says_how_to_turn_it_on() {
    let meta = [("formats", "m3u8-cmaf")];
    let origin = Origin::with(&meta, |settings| settings.formats = String::new()).await;
    origin.post(STREAM, &capture(), 1 << 16).await;
    assert_eq!(origin.get(MASTER).await.status, 200);
    let off = origin.get(MPD).await;
    assert_eq!(off.status, 404);
    assert!(off.text().contains("output-off") && off.text().contains("mpd-time-csf"), "{}", off.text());
    let segment = origin.get(&format!("{LEVEL}Fragments(video=100000000,format=mpd-time-csf)")).await;
    assert_eq!(segment.text(), off.text());
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_level_lacks_is_a_gap_there_and_nowhere_else() {
    let mut parts = Parts::of(&capture());
    let tracks = parts.tracks.tracks.len();
    let lowest = parts.fragments[0].head.track_id;
    let mut seen = 0;
    parts.fragments.truncate(8 * tracks);
    parts.fragments.retain(|f| {
        seen += usize::from(f.head.track_id == lowest);
        f.head.track_id != lowest || seen != 3
    });
    let media: Vec<u8> = parts.fragments.iter().flat_map(|f| [&f.moof[..], &f.mdat[..]].concat()).collect();
    let origin = Origin::start().await;
    origin.post(STREAM, &[parts.head.clone(), media, END.to_vec()].concat(), 1 << 16).await;
    let lists = |level: u32| format!("/live.isml/QualityLevels({level})/Manifest(video,format=m3u8-cmaf)");
    let gaps = |text: &str| text.matches("#EXT-X-GAP").count();
    assert_eq!(gaps(&origin.get(&lists(100_000)).await.text()), 1);
    assert_eq!(gaps(&origin.get(&lists(180_000)).await.text()), 0);
    let mpd = origin.mpd().await;
    let lines: Vec<_> = mpd.lines().filter(|l| l.starts_with("<SegmentTimeline>")).collect();
    assert!(lines[0].matches("<S ").count() == 2 && lines[1].matches("<S ").count() == 1, "{mpd}");
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_segment_is_there_before_the_captions_that_wait_for_another_encoder() {
    let parts = Parts::of(&capture());
    let origin = Origin::start().await;
    let captions = Captions::new();
    let mut push = origin.push(STREAM).await;
    push.piece(&parts.stream(0..1)).await;
    push.settled(&origin, &format!("{LEVEL}Fragments(video=0,format=m3u8-cmaf)"), 200).await;
    // One brings the first, and then the other one the second.
    let mut slow = origin.push("/live.isml/Streams(slow)").await;
    slow.piece(&[captions.header(), captions.fragment(0, "<tt/>")].concat()).await;
    let segment = |time| format!("/live.isml/QualityLevels(1000)/Fragments(caps={time},format=m3u8-cmaf)");
    slow.settled(&origin, &segment(0), 200).await;
    let ttml = "<tt xmlns=\"http://www.w3.org/ns/ttml\"><body><p begin=\"0s\" end=\"1s\">Two</p></body></tt>";
    let second = [captions.header(), captions.fragment(20_000_000, ttml)].concat();
    assert_eq!(origin.post("/live.isml/Streams(quick)", &second, 1 << 16).await.status, 200);
    // Two chunks are held back from who watches by Smooth Streaming; it waits as long.
    for chunk in 1..4 {
        push.piece(&parts.media(chunk..chunk + 1)).await;
        let newest = format!("{LEVEL}Fragments(video={},format=m3u8-cmaf)", chunk * 20_000_000);
        push.settled(&origin, &newest, 200).await;
        let status = origin.get(&segment(20_000_000)).await.status;
        assert_eq!(status, if chunk < 3 { 404 } else { 200 }, "{chunk}");
    }
    assert!(origin.get(&segment(20_000_000)).await.text().contains("Two"));
    origin.stop().await;
}
