//! `silverlane package --protect`: what it makes opens with the key, in tools that we did not write.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use server::cli::check::check;
use smooth::boxes::{init, mse, read_head, walk};
use smooth::codec::Codec;
use smooth::manifest::{Kind, Manifest, Stream};
use smooth::{Limits, manifest, protection, url};

use super::Origin;
use super::package::{args, frames, made, sources};

const ID: &str = "0123abcd-4567-89ef-8877-665544332211";
const KEY: &str = "000102030405060708090a0b0c0d0e0f";
const OTHER: &str = "11111111111111111111111111111111:22222222222222222222222222222222";

async fn listed(origin: &Origin) -> Manifest {
    let answer = origin.get("/film.ism/Manifest").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    manifest::read(&answer.body, &Limits::default()).unwrap()
}

/// What a player gives to the browser for a level, as files: the clear fragments, and the others in Common
/// Encryption. In one file ffmpeg would look for encryption data of the clear ones.
async fn common(origin: &Origin, listed: &Manifest, stream: &Stream, level: usize) -> [Vec<u8>; 2] {
    let level = &stream.levels[level];
    let codec = Codec::from_level(stream.kind, level, "").unwrap();
    let key = protection::key(&listed.protection, &Limits::default());
    let protection = init::Protection { key, systems: &listed.protection, piff: false };
    let timescale = stream.timescale;
    let mut files = [None, Some(protection)]
        .map(|protection| init::segment(&init::Track { timescale, codec: &codec, language: "", protection }));
    for chunk in stream.chunks.iter() {
        let path = url::expand(&stream.url, level, chunk.time).unwrap();
        let fragment = origin.get(&format!("/film.ism/{path}")).await.body;
        let moof = walk(&fragment).next().unwrap().unwrap().whole;
        let encrypted = read_head(moof, &Limits::default()).unwrap().encrypted;
        let key = encrypted.then_some(key);
        let options = mse::Options { decode_time: chunk.time, key, ..mse::Options::default() };
        let file = &mut files[usize::from(encrypted)];
        file.extend(mse::rewrite(moof, &options).unwrap());
        file.extend_from_slice(&fragment[moof.len()..]);
    }
    files
}

/// Read from a pipe: where ffmpeg can look at all fragments first, some of its versions take the encryption data of
/// the last for that of each.
fn decrypted(encrypted: &[u8], key: &str, to: &Path) {
    let mut ffmpeg = Command::new("ffmpeg")
        .args(["-v", "warning", "-xerror", "-y", "-decryption_key", key, "-i", "pipe:0", "-c", "copy"])
        .arg(to)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ffmpeg is needed: apt install ffmpeg");
    ffmpeg.stdin.take().unwrap().write_all(encrypted).unwrap();
    let run = ffmpeg.wait_with_output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_are_those_of_the_source_once_decrypted_by_ffmpeg() {
    for clear_lead in [0, 3] {
        let origin = Origin::start().await;
        let mut args = args(&["low.mp4", "high.mp4"], origin.root().join("film"));
        args.protect.protect = vec![format!("{ID}:{KEY}").parse().unwrap()];
        args.protect.license_url = Some("https://licence.example/rightsmanager.asmx?a=1&b=2".into());
        args.clear_lead = clear_lead;
        made(&args).unwrap();
        let listed = listed(&origin).await;
        let [header] = &listed.protection[..] else { panic!("{:?}", listed.protection) };
        let header = protection::playready::read(&header.data, &Limits::default()).unwrap();
        assert_eq!(header.license_url, args.protect.license_url);
        let folder = tempfile::tempdir().unwrap();
        let clear = folder.path().join("clear.mp4");
        for stream in &listed.streams {
            for (level, source) in (0..stream.levels.len()).zip(["low.mp4", "high.mp4"]) {
                let [lead, rest] = common(&origin, &listed, stream, level).await;
                let map = if stream.kind == Kind::Video { "0:v" } else { "0:a" };
                let is_sound = stream.kind == Kind::Audio;
                let mut ours = Vec::new();
                if clear_lead > 0 {
                    std::fs::write(&clear, lead).unwrap();
                    ours = frames(&clear, map, is_sound);
                    // Two fragments of two seconds.
                    assert!(is_sound || ours.len() == 100, "{}", ours.len());
                }
                decrypted(&rest, KEY, &clear);
                ours.extend(frames(&clear, map, is_sound));
                let theirs = frames(&sources().join(source), map, is_sound);
                assert!(theirs.len() - ours.len() <= 1 && theirs.ends_with(&ours), "{source} {map}");
                // With another key it is noise.
                decrypted(&rest, &KEY.replace('0', "f"), &clear);
                let noise = Command::new("ffmpeg")
                    .args(["-v", "error", "-nostdin", "-i"])
                    .arg(&clear)
                    .args(["-map", map, "-f", "null", "-"])
                    .output()
                    .unwrap();
                assert!(!noise.stderr.is_empty(), "{map} opens with any key");
            }
        }
        origin.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_outputs_are_not_offered_and_check_says_that_a_licence_is_needed() {
    let origin = Origin::start().await;
    let mut args = args(&["low.mp4"], origin.root().join("film"));
    args.protect.protect = vec![format!("{ID}:{KEY}").parse().unwrap()];
    made(&args).unwrap();
    let report = check(&format!("http://127.0.0.1:{}/film.ism", origin.port())).await.unwrap().to_string();
    assert!(report.contains("the presentation is encrypted"), "{report}");
    assert!(!report.contains("no Protection"), "{report}");
    // The server manifest alone is enough to know it.
    std::fs::remove_file(origin.root().join("film.ismc")).unwrap();
    let ism = std::fs::read_to_string(origin.root().join("film.ism")).unwrap();
    std::fs::write(origin.root().join("film.ism"), format!("{ism} ")).unwrap();
    loop {
        let listed = listed(&origin).await;
        if listed.streams.iter().all(|s| s.max_width == 64 || s.kind == Kind::Audio) {
            let ids = protection::key(&listed.protection, &Limits::default()).id;
            assert_eq!(ids, 0x0123abcd_4567_89ef_8877_665544332211_u128.to_be_bytes());
            break;
        }
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_take_turns_and_each_comes_with_its_header() {
    let origin = Origin::start().await;
    let mut args = args(&["low.mp4"], origin.root().join("film"));
    args.protect.protect = vec![format!("{ID}:{KEY}").parse().unwrap(), OTHER.parse().unwrap()];
    args.protect.key_period = 4;
    args.protect.widevine = true;
    made(&args).unwrap();
    let listed = listed(&origin).await;
    assert_eq!(listed.protection.len(), 2);
    for stream in &listed.streams {
        for chunk in stream.chunks.iter() {
            let path = url::expand(&stream.url, &stream.levels[0], chunk.time).unwrap();
            let fragment = origin.get(&format!("/film.ism/{path}")).await.body;
            let moof = walk(&fragment).next().unwrap().unwrap();
            let head = read_head(moof.whole, &Limits::default()).unwrap();
            let turn = chunk.time / 40_000_000 % 2 == 1;
            assert_eq!((head.encrypted, head.key_id), (true, turn.then_some([0x11; 16])), "{path}");
            let played = mse::rewrite(moof.whole, &mse::Options::default()).unwrap();
            let played = walk(&played).next().unwrap().unwrap();
            let systems = walk(played.payload).filter(|b| b.as_ref().unwrap().kind == *b"pssh").count();
            assert_eq!(systems, if turn { 2 } else { 0 });
        }
    }
    origin.stop().await;
}
