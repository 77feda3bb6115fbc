//! Two origins that accepted the same fragments answer the same bytes, whatever way the fragments came.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::harness::{Captions, END, Origin, Parts, Push, Response, STREAM, capture};
use crate::mpd::{elements, segments};

/// Every output, transport streams encrypted, key frames listed.
const EVERYTHING: [(&str, &str); 5] = [
    ("formats", "m3u8-aapl"),
    ("m3u8-aapl-segmentlength", "4"),
    ("m3u8-aapl-backwardcompatible", "False"),
    ("m3u8-aapl-enableencryption", "True"),
    ("m3u8-aapl-encryptionkey", "000102030405060708090a0b0c0d0e0f"),
];

const MPD: &str = "Manifest(format=mpd-time-csf)";
const BACKUP: &str = "/live.isml/Streams(Backup)";
const CAPTIONS: [&str; 2] = ["/live.isml/Streams(Captions)", "/live.isml/Streams(CaptionsBackup)"];

/// What a viewer or a cache sees of an answer.
#[derive(PartialEq, Eq)]
struct Answer {
    kind: String,
    tag: String,
    body: Vec<u8>,
}

/// All that `origin` has to offer, found as players find it: from the manifests on, whatever they name.
async fn crawl(origin: &Origin) -> BTreeMap<String, Answer> {
    let mut paths: Vec<String> =
        ["Manifest", "Manifest(format=m3u8-aapl)", "Manifest(format=m3u8-cmaf)", MPD]
            .map(str::to_owned)
            .into();
    let mut answers = BTreeMap::new();
    while let Some(path) = paths.pop() {
        let response = origin.get(&format!("/live.isml/{path}")).await;
        assert_eq!(response.status, 200, "{path}: {}", response.text());
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for name in named(&path, &response) {
            let name = match name.strip_prefix("../") {
                Some(name) => name.to_owned(),
                None if folder.is_empty() => name,
                None => format!("{folder}/{name}"),
            };
            if !answers.contains_key(&name) && !paths.contains(&name) {
                paths.push(name);
            }
        }
        let kind = response.header("content-type").to_owned();
        let tag = response.header("etag").to_owned();
        answers.insert(path, Answer { kind, tag, body: response.body });
    }
    answers
}

/// The addresses in a manifest or playlist, as they stand there.
fn named(path: &str, response: &Response) -> Vec<String> {
    match response.header("content-type") {
        "application/vnd.apple.mpegurl" => {
            let attribute = |line: &str| Some(line.split_once("URI=\"")?.1.split_once('"')?.0.to_owned());
            let address = |line: &str| match line.starts_with('#') {
                true => attribute(line),
                false => Some(line.to_owned()),
            };
            response.text().lines().filter_map(address).filter(|name| !name.is_empty()).collect()
        }
        "application/dash+xml" => {
            let media = segments(&response.text()).into_iter().map(|(_, address, _)| address);
            let all = elements(&response.text());
            let levels = all.iter().filter(|(name, _)| name == "Representation").flat_map(|(_, level)| {
                let templates = all.iter().filter_map(|(_, attributes)| attributes.get("initialization"));
                let stream = level["id"].split('-').next().unwrap_or_default();
                let own = templates.filter(move |t| t.contains(&format!("({stream}=")));
                own.map(|t| t.replace("$Bandwidth$", &level["bandwidth"]))
            });
            media.chain(levels).collect()
        }
        "text/xml; charset=utf-8" if path == "Manifest" => {
            let manifest = smooth::manifest::read(&response.body, &smooth::Limits::default()).unwrap();
            let streams = manifest.streams.iter();
            let levels = streams.flat_map(|stream| stream.levels.iter().map(move |level| (stream, level)));
            let chunks = levels.flat_map(|(stream, level)| {
                let times = stream.chunks.iter().map(|chunk| chunk.time);
                times.map(|time| smooth::url::expand(&stream.url, level, time).unwrap())
            });
            chunks.collect()
        }
        _ => Vec::new(),
    }
}

/// Waits until `origin` has so many chunks of every track of `parts`, and so many of captions.
async fn has(origin: &Origin, parts: &Parts, [media, text]: [usize; 2]) {
    let wanted = parts.tracks.tracks.len() * media + text;
    loop {
        let mpd = origin.get(&format!("/live.isml/{MPD}")).await;
        if mpd.status == 200 && segments(&mpd.text()).len() == wanted {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Fragments `chunks` of every track without those at `lost`, counted in the order of the stream.
fn without(parts: &Parts, chunks: Range<usize>, lost: &[usize]) -> Vec<u8> {
    let tracks = parts.tracks.tracks.len();
    let kept = (chunks.start * tracks..chunks.end * tracks).filter(|at| !lost.contains(at));
    kept.flat_map(|at| [&parts.fragments[at].moof[..], &parts.fragments[at].mdat[..]].concat()).collect()
}

fn captions(chunks: Range<usize>) -> Vec<u8> {
    let document = "<tt xmlns=\"http://www.w3.org/ns/ttml\"><body><div>\
                    <p begin=\"0.5s\" end=\"1.5s\">Good evening</p></div></body></tt>";
    let times = chunks.map(|chunk| chunk as u64 * 20_000_000);
    times.flat_map(|time| Captions::new().fragment(time, document)).collect()
}

async fn begin(origin: &Origin, path: &str, header: &[u8]) -> Push {
    let mut push = origin.push(path).await;
    push.piece(header).await;
    push
}

async fn end(pushes: impl IntoIterator<Item = Push>) {
    for mut push in pushes {
        push.piece(END).await;
        let answer = push.finish().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

fn assert_same(one: &BTreeMap<String, Answer>, other: &BTreeMap<String, Answer>) {
    assert!(one.keys().eq(other.keys()), "one names what the other does not");
    for ((path, one), other) in one.iter().zip(other.values()) {
        assert!(one == other, "{path}: {} and {} bytes differ", one.body.len(), other.body.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_origins_with_the_same_fragments_answer_the_same_bytes() {
    let parts = Parts::of(&capture());
    let tracks = parts.tracks.tracks.len();
    let captions_head = Captions::new().header();

    // One gets everything from one encoder.
    let one = Origin::with(&EVERYTHING, |_| {}).await;
    let mut text = begin(&one, CAPTIONS[0], &captions_head).await;
    text.piece(&captions(0..8)).await;
    let mut media = begin(&one, STREAM, &parts.head).await;
    media.pieces(&parts.media(0..8), 1 << 14).await;

    // The other gets it from two, out of step: each loses what the other has, and says some of it twice.
    // Nobody loses anything before the other is there to fill it.
    let two = Origin::with(&EVERYTHING, |_| {}).await;
    let (lost_by_first, lost_by_second) = ([3 * tracks, 5 * tracks + 2], [2 * tracks + 1, 4 * tracks + 3]);
    let mut first = begin(&two, STREAM, &parts.stream(0..1)).await;
    has(&two, &parts, [1, 0]).await;
    let mut second = begin(&two, BACKUP, &parts.stream(0..2)).await;
    has(&two, &parts, [2, 0]).await;
    for chunk in 2..8 {
        second.piece(&without(&parts, chunk..chunk + 1, &lost_by_second)).await;
        first.piece(&without(&parts, chunk - 1..chunk + 1, &lost_by_first)).await;
        if chunk == 5 {
            // Breaks in the middle of a fragment, and comes back.
            let torn = parts.media(6..7);
            first.piece(&torn[..torn.len() / 2]).await;
            drop(first);
            first = begin(&two, STREAM, &parts.head).await;
        }
    }
    // A gap in captions is no loss, so nobody waits for another encoder there: they only come twice.
    let mut caption = begin(&two, CAPTIONS[0], &captions_head).await;
    let mut backup = begin(&two, CAPTIONS[1], &captions_head).await;
    caption.pieces(&captions(0..5), 777).await;
    backup.pieces(&captions(0..8), 77).await;
    caption.pieces(&captions(5..8), 777).await;

    has(&one, &parts, [8, 8]).await;
    has(&two, &parts, [8, 8]).await;
    let (live, also_live) = (crawl(&one).await, crawl(&two).await);
    assert_same(&live, &also_live);

    // What is still to come ends both broadcasts.
    text.piece(&captions(8..10)).await;
    media.pieces(&parts.media(8..10), 1 << 10).await;
    end([text, media]).await;
    for push in [&mut backup, &mut caption] {
        push.piece(&captions(8..10)).await;
    }
    second.piece(&parts.media(8..10)).await;
    first.piece(&parts.media(7..10)).await;
    end([backup, caption, second, first]).await;
    one.ended().await;
    two.ended().await;
    let (over, also_over) = (crawl(&one).await, crawl(&two).await);
    assert_same(&over, &also_over);

    // Nothing that was compared is missing: how many of each kind there are.
    let count = |what: fn(&str, &Answer) -> bool| over.iter().filter(|(path, a)| what(path, a)).count();
    assert_eq!(
        count(|_, a| a.kind == "application/vnd.apple.mpegurl"),
        2 + 4 + 1 + 3 + 4 + 1 + 3,
        "playlists"
    );
    assert_eq!(count(|_, a| a.kind == "video/mp2t"), 4 * 5 + 3 * 10, "transport streams and key frames");
    assert_eq!(count(|path, _| path == "Key"), 1);
    assert_eq!(count(|_, a| a.kind.starts_with("text/vtt")), 5 + 10, "captions");
    assert_eq!(count(|path, _| path.contains("=i,format=m3u8-cmaf")), 4, "init segments");
    assert_eq!(count(|path, _| path.contains("=i,format=mpd-time-csf")), 5, "init segments");
    assert_eq!(count(|path, _| path.ends_with("format=mpd-time-csf).m4s")), 50, "segments");
    assert_eq!(count(|path, _| path.contains("/KeyFrames(") && path.contains("m3u8-cmaf")), 30, "key frames");
    assert_eq!(
        count(|path, _| path.contains("/Fragments(") && path.contains("m3u8-cmaf).m4s")),
        40,
        "segments"
    );
    assert_eq!(count(|path, _| path.contains("/Fragments(") && !path.contains(',')), 50, "fragments");
    one.stop().await;
    two.stop().await;
}
