//! Archives: what is in them, and coming back from them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use smooth::boxes::mfra;
use smooth::manifest::{Kind, Manifest};
use smooth::smil::presentation;
use smooth::{Limits, url};

use crate::harness::{Captions, END, Origin, Parts, STREAM, capture};

/// Every fragment that the manifest lists, by its URL.
async fn fragments(origin: &Origin, manifest: &Manifest) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for stream in &manifest.streams {
        for level in &stream.levels {
            for chunk in stream.chunks.iter() {
                let path = url::expand(&stream.url, level, chunk.time).unwrap();
                let response = origin.get(&format!("/live.isml/{path}")).await;
                assert_eq!(response.status, 200, "{path}: {}", response.text());
                all.insert(path, response.body);
            }
        }
    }
    all
}

/// The manifest as it is sent, and all that it lists.
async fn everything(origin: &Origin) -> (Vec<u8>, BTreeMap<String, Vec<u8>>) {
    let body = origin.get("/live.isml/Manifest").await.body;
    let fragments = fragments(origin, &origin.manifest().await).await;
    (body, fragments)
}

/// The only folder in `folder` that is not hidden.
fn only(folder: &Path) -> PathBuf {
    let mut folders: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    folders.retain(|f| !f.file_name().unwrap().to_str().unwrap().starts_with('.'));
    let [folder] = &folders[..] else { panic!("{folders:?}") };
    folder.clone()
}

pub(crate) fn run_folder(origin: &Origin) -> PathBuf {
    only(&only(&origin.root().join("archives")))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_broadcast_is_a_presentation_and_outlives_the_server() {
    let origin = Origin::start().await;
    let data = capture();
    assert_eq!(origin.post(STREAM, &data, 1 << 16).await.status, 200);
    let before = everything(&origin).await;
    let origin = origin.restarted(|_| {}).await;

    let folder = run_folder(&origin);
    assert!(folder.to_str().unwrap().contains("/archives/live-isml/"), "{}", folder.display());
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    for name in ["Encoder1.ismv", "live.ism", "live.ismc", ".journal"] {
        assert!(names.iter().any(|n| n == name), "{names:?}");
    }
    // The file is the push stream, with an index.
    let file = std::fs::read(folder.join("Encoder1.ismv")).unwrap();
    let size = mfra::size_from_end(&file).unwrap() as usize;
    let index = mfra::read(&file[file.len() - size..], &Limits::default()).unwrap();
    let (pushed, kept) = (Parts::of(&data), Parts::of(&file));
    assert_eq!(kept.tracks.tracks.len(), 4);
    let media = |parts: &Parts, id: u32| -> Vec<_> {
        parts.fragments.iter().filter(|f| f.track_id == id).map(|f| f.mdat.clone()).collect()
    };
    for track in &index {
        assert_eq!(media(&pushed, track.track_id), media(&kept, track.track_id));
        let of_track = kept.fragments.iter().filter(|f| f.track_id == track.track_id);
        let times: Vec<_> = of_track.map(|f| f.head.span.unwrap().time).collect();
        assert_eq!(track.entries.iter().map(|e| e.time).collect::<Vec<_>>(), times);
        for entry in &track.entries {
            let at = entry.moof_offset as usize;
            assert_eq!(&file[at + 4..at + 8], b"moof");
        }
    }
    let described = std::fs::read(folder.join("live.ism")).unwrap();
    let described = presentation::read(&described, &Limits::default()).unwrap();
    assert_eq!(described.client_manifest.as_deref(), Some("live.ismc"));
    assert_eq!(described.tracks.len(), 4);
    let client = std::fs::read(folder.join("live.ismc")).unwrap();
    let client = smooth::manifest::read(&client, &Limits::default()).unwrap();
    let served = origin.manifest().await;
    assert!(!client.is_live);
    assert_eq!((client.duration, client.streams), (served.duration, served.streams));

    assert_eq!(everything(&origin).await, before);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_broadcast_goes_on_after_a_restart() {
    let parts = Parts::of(&capture());
    let mut origin = Origin::start().await;
    let captions = Captions::new();
    let caption = "/live.isml/Streams(Captions)";
    let text = [captions.header(), captions.fragment(20_000_000, "<tt/>")].concat();
    origin.post(STREAM, &parts.stream(0..2), 1 << 16).await;
    origin.post(caption, &text, 1 << 16).await;
    for n in 2..9 {
        // It sends what may have been lost again.
        assert_eq!(origin.post(STREAM, &parts.stream(n - 1..n + 1), 1 << 16).await.status, 200);
        let manifest = origin.get("/live.isml/Manifest").await;
        let before = if manifest.status == 200 { Some(everything(&origin).await) } else { None };
        origin = origin.restarted(|_| {}).await;
        if let Some(before) = before {
            assert!(origin.manifest().await.is_live);
            assert_eq!(everything(&origin).await, before, "after {n}");
        }
    }
    // One that begins at 0 again, as ffmpeg does, goes on at the end.
    assert_eq!(origin.post(STREAM, &parts.stream(0..4), 1 << 16).await.status, 200);
    let before = everything(&origin).await;
    let origin = origin.restarted(|_| {}).await;
    assert_eq!(everything(&origin).await, before);
    let rest = [parts.stream(2..10), END.to_vec()].concat();
    assert_eq!(origin.post(STREAM, &rest, 1 << 16).await.status, 200);
    let manifest = origin.manifest().await;
    assert!(!manifest.is_live);
    let video = manifest.streams.iter().find(|s| s.kind == Kind::Video).unwrap();
    assert_eq!(video.chunks.len(), 19);
    assert_eq!(fragments(&origin, &manifest).await.len(), 19 * 4 + 1);
    let captions = manifest.streams.iter().find(|s| s.kind == Kind::Text).unwrap();
    assert_eq!(captions.chunks.len(), 1);
    let folder = run_folder(&origin);
    assert_eq!(Parts::of(&std::fs::read(folder.join("Encoder1.ismv")).unwrap()).fragments.len(), 19 * 4);
    assert_eq!(Parts::of(&std::fs::read(folder.join("Captions.ismv")).unwrap()).fragments.len(), 1);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ffprobe_reads_an_archive_while_it_is_written() {
    let parts = Parts::of(&capture());
    let packets = |fragments: usize| -> Vec<usize> {
        let written = || parts.fragments[..fragments * 4].iter();
        let of = |id: u32| written().filter(|f| f.track_id == id).map(|f| f.head.samples as usize).sum();
        parts.tracks.tracks.iter().map(|t| of(t.id)).collect()
    };
    let origin = Origin::start().await;
    let mut push = origin.push(STREAM).await;
    push.piece(&parts.stream(0..1)).await;
    for fragments in 2..8 {
        push.piece(&parts.media(fragments - 1..fragments)).await;
        // Read again and again while it is written, until everything that came is there.
        loop {
            let Some(file) = live_file(&origin) else { continue };
            let (found, complaints) = ffprobe(&file);
            assert!(found.iter().zip(packets(fragments)).all(|(found, all)| *found <= all), "{found:?}");
            if found == packets(fragments) {
                assert_eq!(complaints, "");
                break;
            }
        }
    }
    assert!(origin.manifest().await.is_live);
    // As a reader finds it in the middle of a write.
    let file = std::fs::read(live_file(&origin).unwrap()).unwrap();
    let last = parts.fragments[7 * 4 - 1].mdat.len();
    let torn = origin.root().join("torn.ismv");
    for len in (file.len() - last..file.len()).step_by(last / 10) {
        std::fs::write(&torn, &file[..len]).unwrap();
        let (found, _) = ffprobe(&torn);
        assert!(found.iter().zip(packets(6)).all(|(found, all)| *found >= all), "{len}: {found:?}");
    }
    drop(push);
    origin.stop().await;
}

/// The file of the broadcast that is on the air, once it has fragments.
fn live_file(origin: &Origin) -> Option<PathBuf> {
    let runs = std::fs::read_dir(origin.root().join("archives/live-isml")).ok()?;
    let file = runs.filter_map(Result::ok).map(|e| e.path().join("Encoder1.ismv")).find(|f| f.is_file())?;
    let bytes = std::fs::read(&file).ok()?;
    bytes.windows(4).any(|w| w == b"mdat").then_some(file)
}

/// Packets of each stream of `file`, as ffprobe counts them, and what it complains about.
fn ffprobe(file: &Path) -> (Vec<usize>, String) {
    let output = Command::new("ffprobe")
        .args(["-hide_banner", "-loglevel", "warning", "-count_packets", "-of", "csv=p=0"])
        .args(["-show_entries", "stream=nb_read_packets"])
        .arg(file)
        .stdin(Stdio::null())
        .output()
        .expect("ffprobe, which `bash scripts/test-setup.sh` installs");
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{complaints}");
    let packets = String::from_utf8(output.stdout).unwrap();
    let count = |line: &str| line.trim_matches(',').parse().unwrap_or(0);
    (packets.lines().map(count).collect(), complaints)
}
