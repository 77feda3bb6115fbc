//! `silverlane package`: what it makes of ordinary files is served, and is what they are.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

use server::cli::check::{Verdict, check};
use server::cli::package::{Args, PackageError, package};
use server::cli::protect;
use server::cli::push::SourceError;
use smooth::boxes::{self, mfra};
use smooth::{Limits, manifest, url};
use tempfile::TempDir;

use super::Origin;

/// Nine seconds with B-frames: `low.mp4` of 64x64 with sound, `high.mp4` of 128x96 without, and `other.mp4`,
/// whose key frames stand elsewhere, with sound in German.
pub(super) fn sources() -> &'static Path {
    static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let common = "-c:v libx264 -preset ultrafast -bf 2 -sc_threshold 0";
        let command = format!(
            "-loglevel error -nostdin -f lavfi -i testsrc2=size=128x96:rate=25:duration=9 \
             -f lavfi -i sine=sample_rate=48000:duration=9 \
             -map 0:v -map 1:a {common} -g 50 -b:v 80k -s 64x64 -c:a aac -b:a 64k low.mp4 \
             -map 0:v {common} -g 25 -b:v 200k high.mp4 \
             -map 0:v -map 1:a {common} -g 60 -b:v 300k -c:a aac -b:a 96k -metadata:s:a language=deu other.mp4"
        );
        let run = Command::new("ffmpeg").args(command.split_whitespace()).current_dir(folder.path()).status();
        assert!(run.expect("ffmpeg is needed: apt install ffmpeg").success());
        folder
    });
    FOLDER.path()
}

pub(super) fn args(sources_: &[&str], output: PathBuf) -> Args {
    Args {
        sources: sources_.iter().map(|name| sources().join(name)).collect(),
        output,
        audio: None,
        fragment: 2.0,
        protect: protect::Args::default(),
        clear_lead: 0,
        force: false,
        quiet: true,
    }
}

pub(super) fn made(args: &Args) -> Result<PathBuf, PackageError> {
    package(args, &AtomicBool::new(false)).map(|made| made.file)
}

pub(super) fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Hash of each frame as ffmpeg decodes it, or of each packet with `copy`; it has nothing to remark.
pub(super) fn frames(file: &Path, stream: &str, copy: bool) -> Vec<String> {
    let copy = if copy { &["-c", "copy"][..] } else { &[] };
    let run = Command::new("ffmpeg")
        .args(["-v", "warning", "-xerror", "-nostdin", "-i"])
        .arg(file)
        .args(["-map", stream])
        .args(copy)
        .args(["-f", "framemd5", "-"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&run.stderr), "", "{}", file.display());
    assert!(run.status.success());
    let text = String::from_utf8(run.stdout).unwrap();
    let lines = text.lines().filter(|l| !l.starts_with('#'));
    lines.map(|l| l.rsplit(',').next().unwrap().trim().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_files_become_a_presentation_that_plays() {
    let origin = Origin::start().await;
    let folder = origin.root().join("films");
    let ism = made(&args(&["low.mp4", "high.mp4"], folder.join("film"))).unwrap();
    assert_eq!(ism, folder.join("film.ism"));
    let names = files(&folder);
    let media: Vec<_> = names.iter().filter(|n| n.ends_with("v") || n.ends_with("a")).collect();
    assert_eq!((names.len(), media.len()), (5, 3), "{names:?}");

    let answer = origin.get("/films/film.ism/Manifest").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let listed = manifest::read(&answer.body, &Limits::default()).unwrap();
    assert_eq!((listed.duration, listed.streams.len()), (90_000_000, 2));
    for stream in &listed.streams {
        let is_picture = stream.kind == manifest::Kind::Video;
        assert_eq!(stream.levels.len(), if is_picture { 2 } else { 1 });
        if is_picture {
            let starts: Vec<_> = stream.chunks.iter().map(|c| c.time / 10_000_000).collect();
            assert_eq!(starts, [0, 2, 4, 6, 8]);
        }
        for level in &stream.levels {
            for chunk in stream.chunks.iter() {
                let path = url::expand(&stream.url, level, chunk.time).unwrap();
                let fragment = origin.get(&format!("/films/film.ism/{path}")).await;
                assert_eq!(fragment.status, 200, "{path}: {}", fragment.text());
                let head = boxes::read_head(&fragment.body, &Limits::default()).unwrap();
                assert_eq!(
                    (head.span, head.duration, head.starts_with_sync),
                    (Some(chunk), chunk.duration, true)
                );
            }
        }
    }

    // The index of each file is right, and its pictures are those of its source.
    let sorted: Vec<_> =
        listed.streams.iter().find(|s| s.kind == manifest::Kind::Video).unwrap().levels.clone();
    for (source, bitrate) in ["low.mp4", "high.mp4"].iter().zip(sorted.iter().map(|l| l.bitrate)) {
        let file = folder.join(format!("film_{bitrate}.ismv"));
        let bytes = std::fs::read(&file).unwrap();
        let size = usize::try_from(mfra::size_from_end(&bytes).unwrap()).unwrap();
        let index = mfra::read(&bytes[bytes.len() - size..], &Limits::default()).unwrap();
        assert_eq!(index[0].entries.len(), 5);
        for entry in &index[0].entries {
            let head = boxes::read_head(&bytes[entry.moof_offset as usize..], &Limits::default()).unwrap();
            assert_eq!(head.span.unwrap().time, entry.time);
        }
        let (ours, theirs) = (frames(&file, "0:v", false), frames(&sources().join(source), "0:v", false));
        assert_eq!(ours.len(), 225);
        assert_eq!(ours, theirs, "{source}");
    }
    // The first frame of AAC is priming, which an edit list hides.
    let sound = names.iter().find(|n| n.ends_with(".isma")).unwrap();
    let (ours, theirs) =
        (frames(&folder.join(sound), "0:a", true), frames(&sources().join("low.mp4"), "0:a", true));
    assert!(theirs.len() - ours.len() <= 1 && theirs.ends_with(&ours), "{} of {}", ours.len(), theirs.len());

    let report = check(&format!("http://127.0.0.1:{}/films/film.ism", origin.port())).await.unwrap();
    assert_eq!(report.verdict, Verdict::Playable, "{report}");
    for format in ["mpd-time-csf", "m3u8-cmaf", "m3u8-aapl"] {
        assert_eq!(origin.get(&format!("/films/film.ism/Manifest(format={format})")).await.status, 200);
    }
    origin.stop().await;
}

#[test]
fn key_frames_at_other_times_are_refused_with_file_time_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let error = made(&args(&["low.mp4", "high.mp4", "other.mp4"], folder.path().join("film"))).unwrap_err();
    assert!(matches!(error, PackageError::Source(SourceError::NotAligned { .. })), "{error}");
    let text = error.to_string();
    for part in ["other.mp4", "2.000 s", "-g 50"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(files(folder.path()).is_empty(), "nothing is left behind");
}

#[test]
fn nothing_is_overwritten_unless_it_is_forced() {
    let folder = tempfile::tempdir().unwrap();
    let mut args = args(&["low.mp4"], folder.path().join("film.ism"));
    let ism = made(&args).unwrap();
    let first = files(folder.path());
    std::fs::write(&ism, b"mine").unwrap();
    let error = made(&args).unwrap_err();
    assert!(matches!(error, PackageError::Exists { .. }) && error.to_string().contains("--force"), "{error}");
    assert_eq!((std::fs::read(&ism).unwrap(), files(folder.path())), (b"mine".to_vec(), first.clone()));
    args.force = true;
    made(&args).unwrap();
    assert!(std::fs::read(&ism).unwrap().starts_with(b"<?xml"));
    assert_eq!(files(folder.path()), first);
    // Interrupted, it leaves all as it was.
    let error = package(&args, &AtomicBool::new(true)).unwrap_err();
    assert!(matches!(error, PackageError::Stopped), "{error}");
    assert_eq!(files(folder.path()), first);
}

#[test]
fn sound_comes_from_the_file_that_is_named_and_fragments_are_as_long_as_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut args = args(&["high.mp4", "low.mp4"], folder.path().join("film"));
    args.audio = Some(sources().join("other.mp4"));
    args.fragment = 4.0;
    made(&args).unwrap();
    let client = std::fs::read(folder.path().join("film.ismc")).unwrap();
    let listed = manifest::read(&client, &Limits::default()).unwrap();
    let kinds: Vec<_> =
        listed.streams.iter().map(|s| (s.levels.len(), s.language.as_str(), s.chunks.len())).collect();
    assert_eq!(kinds[0].0, 2);
    assert_eq!(&kinds[1..], [(1, "deu", 2)], "{kinds:?}");
    let starts: Vec<_> = listed.streams[0].chunks.iter().map(|c| c.time).collect();
    assert_eq!(starts, [0, 40_000_000], "the last cut leaves no scrap behind");
    args.audio = None;
    args.sources = vec![sources().join("nothing.mp4")];
    args.output = folder.path().join("more");
    assert!(made(&args).unwrap_err().to_string().contains("nothing.mp4"));
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), b"").unwrap();
    let error = made(&args(&["low.mp4"], folder.path().join("file/film"))).unwrap_err();
    assert!(matches!(&error, PackageError::Write { file, .. } if file.ends_with("file")), "{error}");
}
