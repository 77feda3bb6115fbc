//! XML that explodes, in push streams and in definitions.

use crate::harness::{Origin, Parts, STREAM, capture};

/// `xml` in the place of the manifest box's document.
fn head(parts: &Parts, xml: &[u8]) -> Vec<u8> {
    let size = |at: usize| u32::from_be_bytes(parts.head[at..at + 4].try_into().unwrap()) as usize;
    // ftyp, and the box of the live server manifest: size, kind, extended type, version and flags.
    let (begin, prefix) = (size(0), 8 + 16 + 4);
    assert_eq!(&parts.head[begin + 4..begin + 8], b"uuid");
    let new = u32::try_from(prefix + xml.len()).unwrap().to_be_bytes();
    let (before, rest) = parts.head.split_at(begin);
    [before, &new[..], &rest[4..prefix], xml, &rest[size(begin)..]].concat()
}

fn evil(document: &str) -> Vec<(&'static str, Vec<u8>)> {
    let with = |head: &str, body: &str| {
        document.replacen("<body>", &format!("<body>{body}"), 1).replacen("<smil", &format!("{head}<smil"), 1)
    };
    let lol: String =
        (1..30).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10))).collect();
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(document.replace("utf-8", "utf-16").encode_utf16().take(101).flat_map(u16::to_le_bytes))
        .collect();
    vec![
        ("a document type", with("<!DOCTYPE smil SYSTEM \"file:///etc/passwd\">", "").into_bytes()),
        (
            "entities of entities",
            with(&format!("<!DOCTYPE smil [<!ENTITY l0 \"lol\">{lol}]>"), "<a b=\"&l29;\"/>").into_bytes(),
        ),
        ("depth", with("", &"<a>".repeat(60_000)).into_bytes()),
        ("half of UTF-16", utf16),
        ("a NUL where nobody looks", with("", "<a b=\"\0\"/>").into_bytes()),
        ("no end", document.as_bytes()[..document.len() / 2].to_vec()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_of_push_streams_do_not_explode() {
    let parts = Parts::of(&capture());
    let begin = parts.head.windows(5).position(|w| w == b"<?xml").unwrap();
    let end = parts.head.windows(7).position(|w| w == b"</smil>").unwrap() + 7;
    let document = String::from_utf8(parts.head[begin..end].to_vec()).unwrap();
    let origin = Origin::start().await;
    for (what, xml) in evil(&document) {
        let response = origin.post(STREAM, &head(&parts, &xml), 1 << 16).await;
        assert!(
            [400, 413, 415].contains(&response.status),
            "{what}: {} {}",
            response.status,
            response.text()
        );
        assert!(!response.text().contains("root:"), "{what}");
    }
    // An attribute as long as a header must not be.
    let long = document.replacen("<body>", &format!("<body><a b=\"{}\"/>", "x".repeat(2 << 20)), 1);
    assert_eq!(origin.post(STREAM, &head(&parts, long.as_bytes()), 1 << 16).await.status, 413);
    // More tracks than a point may have.
    let track = "<textstream systemBitrate=\"1\"><param name=\"trackID\" value=\"9\"/></textstream>";
    let many = document.replacen("<switch>", &format!("<switch>{}", track.repeat(10_000)), 1);
    assert_eq!(origin.post(STREAM, &head(&parts, many.as_bytes()), 1 << 16).await.status, 413);
    assert_eq!(origin.get("/live.isml/Manifest").await.status, 404);
    // The same with nothing changed is taken.
    assert_eq!(head(&parts, document.as_bytes()).len(), parts.head.len() - trailing(&parts, end));
    assert_eq!(origin.post(STREAM, &parts.stream(0..4), 1 << 16).await.status, 200);
    origin.stop().await;
}

/// Bytes after the document in its box.
fn trailing(parts: &Parts, end: usize) -> usize {
    let moov = parts.head.windows(4).position(|w| w == b"moov").unwrap() - 4;
    moov - end
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_do_not_explode() {
    let origin = Origin::start().await;
    let document =
        std::fs::read_to_string(origin.root().join("live.isml")).unwrap().replace("<body/>", "<body></body>");
    for (n, (what, xml)) in evil(&document).into_iter().enumerate() {
        std::fs::write(origin.root().join(format!("evil{n}.isml")), xml).unwrap();
        let manifest = origin.get(&format!("/evil{n}.isml/Manifest")).await;
        assert_eq!(manifest.status, 404, "{what}: {}", manifest.text());
        let posted =
            origin.request("POST", &format!("/evil{n}.isml/Streams(1)"), "Content-Length: 0\r\n").await;
        assert_eq!(posted.status, 404, "{what}");
    }
    // 100 MB are not read into memory to be refused.
    let long = std::fs::File::create(origin.root().join("long.isml")).unwrap();
    long.set_len(100 << 20).unwrap();
    assert_eq!(origin.get("/long.isml/Manifest").await.status, 404);
    std::fs::write(origin.root().join("good.isml"), document).unwrap();
    let posted = origin.request("POST", "/good.isml/Streams(1)", "Content-Length: 0\r\n").await;
    assert_eq!(posted.status, 200);
    origin.stop().await;
}
