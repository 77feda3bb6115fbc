//! `silverlane check` before presentations that are wrong in all the ways seen in the wild.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, Uri};
use server::cli::check::{Report, Verdict, check};
use server::cli::push::{Program, TICKS};
use tokio::net::TcpListener;

/// Serves `files` by path, from any page's point of view; the base address of the server.
async fn serve(files: Vec<(String, Vec<u8>)>) -> String {
    let files: Arc<HashMap<_, _>> = Arc::new(files.into_iter().collect());
    let answer = move |uri: Uri| {
        let found = files.get(uri.path()).cloned();
        async move {
            let status = if found.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
            (status, [("access-control-allow-origin", "*")], found.unwrap_or_default())
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    base
}

async fn check_document(document: &str) -> Report {
    let base = serve(vec![("/a.ism/Manifest".to_owned(), document.as_bytes().to_vec())]).await;
    check(&format!("{base}/a.ism")).await.unwrap()
}

const AVC: &str = "000000016742c01eda0280bfe5400000000168ce3c80";

/// A manifest with one playable video level at 120 kbit/s, `chunks` and `more` streams.
fn manifest(chunks: &str, more: &str) -> String {
    format!(
        "<SmoothStreamingMedia MajorVersion=\"2\" MinorVersion=\"0\" Duration=\"40000000\">\
         <StreamIndex Type=\"video\" Name=\"video\" Url=\"Q({{bitrate}})/F(video={{start time}})\">\
         <QualityLevel Bitrate=\"120000\" FourCC=\"H264\" MaxWidth=\"256\" MaxHeight=\"144\" \
         CodecPrivateData=\"{AVC}\"/>{chunks}</StreamIndex>{more}</SmoothStreamingMedia>"
    )
}

/// The first two video fragments of the sample, as a server would give them out.
fn fragments() -> Vec<(String, Vec<u8>)> {
    let program = Program::sample().unwrap();
    (0..2)
        .map(|n| {
            let path = format!("/a.ism/Q(120000)/F(video={})", n * 2 * TICKS);
            (path, program.fragment(n).unwrap().remove(0).to_vec())
        })
        .collect()
}

const CHUNKS: &str = "<c t=\"0\" d=\"20000000\"/><c d=\"20000000\"/>";

async fn check_files(document: String, mut files: Vec<(String, Vec<u8>)>) -> Report {
    files.push(("/a.ism/Manifest".to_owned(), document.into_bytes()));
    let base = serve(files).await;
    check(&format!("{base}/a.ism/Manifest")).await.unwrap()
}

#[tokio::test]
async fn a_sound_presentation_has_no_findings() {
    let report = check_files(manifest(CHUNKS, ""), fragments()).await;
    assert_eq!(report.verdict, Verdict::Playable, "{report}");
    assert!(report.to_string().contains("avc1.42C01E"), "{report}");
}

#[tokio::test]
async fn documents_of_other_kinds_are_called_by_their_name() {
    for (document, says) in [
        ("#EXTM3U\n#EXT-X-VERSION:3", "HLS playlist"),
        ("<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"/>", "DASH manifest"),
        ("<!doctype html><html></html>", "web page"),
        ("<SmoothStreamingMedia MajorVersion=\"2\"", "cannot be read"),
        ("", "cannot be read"),
    ] {
        let report = check_document(document).await;
        assert_eq!(report.verdict, Verdict::NotPlayable);
        assert!(report.to_string().contains(says), "{report}");
        assert!(!report.findings[0].remedy.is_empty());
    }
}

#[tokio::test]
async fn what_no_browser_plays_is_left_out_with_reason_and_remedy() {
    let wma = "<StreamIndex Type=\"audio\" Name=\"old\" Url=\"Q({bitrate})/F(old={start time})\">\
               <QualityLevel Bitrate=\"64000\" FourCC=\"WMAP\" CodecPrivateData=\"00\"/>\
               <c t=\"0\" d=\"20000000\"/></StreamIndex>";
    let report = check_files(manifest(CHUNKS, wma), fragments()).await;
    assert_eq!(report.verdict, Verdict::Findings, "{report}");
    let text = report.to_string();
    assert!(text.contains("WMAP") && text.contains("-c:a aac"), "{text}");

    let vc1 = manifest(CHUNKS, "").replace("H264", "WVC1");
    let report = check_files(vc1, fragments()).await;
    assert_eq!(report.verdict, Verdict::NotPlayable, "{report}");
}

#[tokio::test]
async fn fragments_that_are_not_what_the_manifest_says_are_found() {
    let cut = |len: usize| {
        let mut files = fragments();
        files[1].1.truncate(len);
        files
    };
    let swapped = {
        let mut files = fragments();
        let first = files[0].1.clone();
        files[1].1 = first;
        files
    };
    for (files, says) in [
        (fragments()[..1].to_vec(), "the server answers 404"),
        (cut(1000), "cut short"),
        (cut(0), "not a fragment"),
        (swapped, "its tfxd says 0, the manifest 20000000"),
    ] {
        let report = check_files(manifest(CHUNKS, ""), files).await;
        assert!(report.verdict > Verdict::Playable && report.to_string().contains(says), "{says}: {report}");
    }
}

#[tokio::test]
async fn holes_in_the_chunk_list_are_told_with_their_place() {
    let chunks =
        "<c t=\"0\" d=\"20000000\"/><c t=\"20000000\" d=\"20000000\"/><c t=\"95000000\" d=\"20000000\"/>";
    let mut files = fragments();
    files.push((
        "/a.ism/Q(120000)/F(video=95000000)".to_owned(),
        Program::sample().unwrap().fragment(0).unwrap()[0].to_vec(),
    ));
    let report = check_files(manifest(chunks, ""), files).await;
    assert!(report.to_string().contains("5.5 s are missing at 4.000 s"), "{report}");
}

#[tokio::test]
async fn an_address_without_anything_says_what_was_asked() {
    let base = serve(Vec::new()).await;
    let report = check(&format!("{base}/video")).await.unwrap();
    let text = report.to_string();
    assert!(
        text.contains("404") && text.contains("/video and") && text.contains("/video/Manifest"),
        "{text}"
    );
    let report = check("http://127.0.0.1:1/live.isml").await.unwrap();
    assert!(report.to_string().contains("cannot be reached"), "{report}");
    assert_eq!(check("http://").await.unwrap().verdict, Verdict::NotPlayable);
}
