//! `KeyFrames` in place of `Fragments`: what Silverlight's fast play asks for.

use smooth::boxes::{build, read_head, walk};
use smooth::manifest::Manifest;
use smooth::{Limits, url};

use crate::harness::{END, Origin, Parts, Response, STREAM, capture};
use crate::on_demand::files::{ismv, put};

#[tokio::test(flavor = "multi_thread")]
async fn key_frames_of_a_broadcast_are_served_alone() {
    let origin = Origin::start().await;
    let parts = Parts::of(&capture());
    origin.post(STREAM, &parts.stream(0..6), 1 << 16).await;
    let manifest = origin.manifest().await;
    assert!(manifest.is_live);
    every_fragment_has_key_frames(&origin, "/live.isml", &manifest).await;
    let edge = "/live.isml/QualityLevels(100000)/KeyFrames(video=";
    assert_eq!(origin.get(&format!("{edge}80000000)")).await.status, 412, "held back as the fragment is");
    assert_eq!(origin.get(&format!("{edge}1)")).await.status, 404);
    origin.post(STREAM, &[parts.stream(6..10), END.to_vec()].concat(), 1 << 16).await;
    let manifest = origin.ended().await;
    every_fragment_has_key_frames(&origin, "/live.isml", &manifest).await;
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn key_frames_of_files_are_served_alone() {
    let origin = Origin::start().await;
    put(origin.root(), ismv());
    let manifest = origin.get("/film.ism/Manifest").await;
    let manifest = smooth::manifest::read(&manifest.body, &Limits::default()).unwrap();
    every_fragment_has_key_frames(&origin, "/film.ism", &manifest).await;
    origin.stop().await;
}

async fn every_fragment_has_key_frames(origin: &Origin, base: &str, manifest: &Manifest) {
    for stream in &manifest.streams {
        assert!(stream.chunks.len() >= 4);
        for level in &stream.levels {
            for chunk in stream.chunks.iter() {
                let path = format!("{base}/{}", url::expand(&stream.url, level, chunk.time).unwrap());
                let (whole, keys) =
                    (origin.get(&path).await, origin.get(&path.replace("/Fragments(", "/KeyFrames(")).await);
                assert_eq!((whole.status, keys.status), (200, 200), "{path}");
                assert_eq!(keys.header("content-type"), whole.header("content-type"));
                assert_eq!(keys.header("cache-control"), whole.header("cache-control"));
                assert_ne!(keys.header("etag"), whole.header("etag"));
                same_but_for_dependent_samples(&whole, &keys);
            }
        }
        let path = url::expand(&stream.url, &stream.levels[0], stream.chunks.first().unwrap().time).unwrap();
        let path = format!("{base}/{}", path.replace("/Fragments(", "/KeyFrames("));
        let tag = origin.get(&path).await.header("etag").to_owned();
        assert_eq!(origin.request("GET", &path, &format!("If-None-Match: {tag}\r\n")).await.status, 304);
    }
}

fn same_but_for_dependent_samples(whole: &Response, keys: &Response) {
    let read = |response: &Response| {
        let boxes: Vec<_> = walk(&response.body).map(Result::unwrap).collect();
        assert_eq!(boxes.iter().map(|b| b.kind).collect::<Vec<_>>(), [*b"moof", *b"mdat"]);
        let head = read_head(boxes[0].whole, &Limits::default()).unwrap();
        let samples = build::read_samples(boxes[0].whole, &Limits::default()).unwrap();
        (head, samples, boxes[1].payload.to_vec())
    };
    let ((head, samples, media), (key_head, key_samples, key_media)) = (read(whole), read(keys));
    assert_eq!((key_head.span, key_head.duration), (head.span, head.duration));
    assert_eq!(key_head.look_ahead, head.look_ahead);
    let mut rest = &media[..];
    let mut expected = Vec::new();
    for sample in &samples {
        let (data, after) = rest.split_at(sample.size as usize);
        rest = after;
        if sample.flags & 0x1_0000 == 0 {
            expected.extend_from_slice(data);
        }
    }
    let independent = samples.iter().filter(|s| s.flags & 0x1_0000 == 0).count();
    assert!(independent > 0);
    assert_eq!(key_samples.len(), independent);
    assert!(key_media == expected, "the media is not that of the key frames");
}
