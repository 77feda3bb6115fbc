//! `silverlane package --protect` and `push --protect`: what they make opens with the key, in tools that we did
//! not write, on demand and out of the archive of a broadcast.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use server::cli::check::check;
use server::cli::package::{Args, PackageError};
use server::cli::protect;
use server::cli::push::{Program, SourceError, TICKS};
use smooth::boxes::{init, mse, read_head, walk};
use smooth::codec::Codec;
use smooth::manifest::{Kind, Manifest, Stream};
use smooth::{Limits, manifest, protection, url};

use super::Origin;
use super::package::{args, files, frames, made, sources};
use crate::archive::run_folder;
use crate::harness::{END, Parts, STREAM};

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
    refuses_other_outputs(&origin, "/film.ism", &listed(&origin).await).await;
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

/// Playlists and segments say that it is encrypted, by whatever address.
async fn refuses_other_outputs(origin: &Origin, path: &str, listed: &Manifest) {
    let stream = &listed.streams[0];
    let (name, bitrate, time) =
        (&stream.name, stream.levels[0].bitrate, stream.chunks.iter().next().unwrap().time);
    let mut refused = Vec::new();
    for format in ["m3u8-aapl", "m3u8-cmaf", "mpd-time-csf"] {
        refused.push(format!("Manifest(format={format})"));
        refused.push(format!("QualityLevels({bitrate})/Manifest({name},format={format})"));
        refused.push(format!("QualityLevels({bitrate})/Fragments({name}={time},format={format})"));
        // Nothing is said of another event.
        let other = origin.get(&format!("{path}/Events(other)/Manifest(format={format})")).await;
        assert_eq!(other.status, 404, "{format}: {}", other.text());
    }
    for format in ["m3u8-cmaf", "mpd-time-csf"] {
        refused.push(format!("QualityLevels({bitrate})/Fragments({name}=i,format={format})"));
    }
    for address in refused {
        let answer = origin.get(&format!("{path}/{address}")).await;
        let text = answer.text();
        assert_eq!(answer.status, 415, "{address}: {text}");
        assert!(text.contains("\"encrypted\"") && text.contains("Smooth Streaming only"), "{text}");
    }
}

/// Copies the archive of the broadcast to `/film.ism`.
fn copy_archive(origin: &Origin) {
    let archive = run_folder(origin);
    std::fs::rename(archive.join("live.ism"), archive.join("film.ism")).unwrap();
    for entry in std::fs::read_dir(&archive).unwrap().map(Result::unwrap) {
        std::fs::copy(entry.path(), origin.root().join(entry.file_name())).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_broadcast_is_archived_as_it_came_and_opens_on_demand() {
    let protect = protect::Args {
        protect: vec![format!("{ID}:{KEY}").parse().unwrap(), OTHER.parse().unwrap()],
        key_period: 4,
        ..protect::Args::default()
    };
    let program = Program::open(&[sources().join("low.mp4")]).unwrap().protected(&protect);
    let first = program.number_at(1_763_830_000 * TICKS);
    let mut pushed = program.header().unwrap().to_vec();
    for number in first..first + 4 {
        program.fragment(number).unwrap().iter().for_each(|fragment| pushed.extend_from_slice(fragment));
    }
    let formats = ("formats", "m3u8-aapl;m3u8-cmaf;mpd-time-csf");
    let origin = Origin::with(&[formats], |settings| settings.on_demand_formats = formats.1.to_owned()).await;
    let mut push = origin.push(STREAM).await;
    push.piece(&pushed).await;
    push.settled(&origin, "/live.isml/Manifest", 200).await;
    // While it is live, too.
    let live = origin.manifest().await;
    assert!(live.is_live);
    refuses_other_outputs(&origin, "/live.isml", &live).await;
    push.piece(END).await;
    assert_eq!(push.finish().await.status, 200);
    let live = origin.ended().await;
    // Of each key, the first is that of the broadcast.
    assert_eq!(
        protection::key(&live.protection, &Limits::default()).id,
        0x0123abcd_4567_89ef_8877_665544332211_u128.to_be_bytes()
    );

    let origin = origin.restarted(|settings| settings.on_demand_formats = formats.1.to_owned()).await;
    copy_archive(&origin);
    let copied = listed(&origin).await;
    assert_eq!(copied.protection, live.protection);
    assert_eq!(copied.streams.len(), 2);
    refuses_other_outputs(&origin, "/film.ism", &copied).await;
    let sent = Parts::of(&[&pushed[..], END].concat());
    for (stream, id) in copied.streams.iter().zip([1, 2]) {
        assert_eq!((stream.chunks.len(), stream.levels.len()), (4, 1));
        let sent = sent.fragments.iter().filter(|f| f.track_id == id);
        for (chunk, sent) in stream.chunks.iter().zip(sent) {
            let path = url::expand(&stream.url, &stream.levels[0], chunk.time).unwrap();
            let served = origin.get(&format!("/film.ism/{path}")).await.body;
            let moof = walk(&served).next().unwrap().unwrap().whole;
            let head = read_head(moof, &Limits::default()).unwrap();
            assert_eq!((head.encrypted, head.key_id), (true, sent.head.key_id), "{path}");
            assert!(served[moof.len()..] == sent.mdat[..], "{path}");
        }
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_archived_of_a_protected_broadcast_opens_with_its_key() {
    let protect =
        protect::Args { protect: vec![format!("{ID}:{KEY}").parse().unwrap()], ..protect::Args::default() };
    let program = Program::open(&[sources().join("low.mp4")]).unwrap().protected(&protect);
    let first = program.number_at(0);
    let mut pushed = program.header().unwrap().to_vec();
    for number in first..first + program.fragments() {
        program.fragment(number).unwrap().iter().for_each(|fragment| pushed.extend_from_slice(fragment));
    }
    pushed.extend_from_slice(END);
    let origin = Origin::start().await;
    assert_eq!(origin.post(STREAM, &pushed, 1 << 16).await.status, 200);
    assert!(!origin.ended().await.is_live);
    let origin = origin.restarted(|_| {}).await;
    copy_archive(&origin);
    let listed = listed(&origin).await;
    let folder = tempfile::tempdir().unwrap();
    let clear = folder.path().join("clear.mp4");
    for stream in &listed.streams {
        let [_, encrypted] = common(&origin, &listed, stream, 0).await;
        decrypted(&encrypted, KEY, &clear);
        let is_sound = stream.kind == Kind::Audio;
        let map = if is_sound { "0:a" } else { "0:v" };
        let (ours, theirs) =
            (frames(&clear, map, is_sound), frames(&sources().join("low.mp4"), map, is_sound));
        assert!(
            theirs.len() - ours.len() <= 1 && theirs.ends_with(&ours),
            "{map}: {} of {}",
            ours.len(),
            theirs.len()
        );
    }
    origin.stop().await;
}

#[test]
fn what_is_encrypted_already_is_refused_as_a_source() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut sealed = args(&["low.mp4"], at("sealed"));
    sealed.protect.protect = vec![format!("{ID}:{KEY}").parse().unwrap()];
    made(&sealed).unwrap();
    made(&args(&["low.mp4"], at("clear"))).unwrap();
    let media = |name: &str| {
        let of = |n: &String| n.starts_with(name) && n.ends_with(".ismv");
        at(files(folder.path()).iter().find(|n| of(n)).unwrap())
    };
    // Common Encryption by ffmpeg, in a plain file and without a header of any protection system.
    let plain = at("plain.mp4");
    let run = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-nostdin", "-i"])
        .arg(sources().join("low.mp4"))
        .args(["-c", "copy", "-encryption_scheme", "cenc-aes-ctr", "-encryption_key", KEY])
        .args(["-encryption_kid", &ID.replace('-', "")])
        .arg(&plain)
        .status();
    assert!(run.unwrap().success());
    // A header that does not tell, before fragments that are.
    let (clear, encrypted) =
        (std::fs::read(media("clear")).unwrap(), std::fs::read(media("sealed")).unwrap());
    let header = |file: &[u8]| {
        walk(file)
            .map_while(Result::ok)
            .take_while(|b| b.kind != *b"moof")
            .map(|b| b.whole.len())
            .sum::<usize>()
    };
    let mixed = at("mixed.ismv");
    std::fs::write(&mixed, [&clear[..header(&clear)], &encrypted[header(&encrypted)..]].concat()).unwrap();
    for file in [media("sealed"), plain, mixed] {
        for error in [
            Program::open(std::slice::from_ref(&file)).unwrap_err(),
            match made(&Args { sources: vec![file.clone()], ..args(&[], at("again")) }).unwrap_err() {
                PackageError::Source(error) => error,
                other => panic!("{other}"),
            },
        ] {
            assert!(matches!(error, SourceError::Encrypted { .. }), "{}: {error}", file.display());
            assert!(error.to_string().contains("is encrypted"), "{error}");
        }
    }
    assert!(!files(folder.path()).iter().any(|n| n.starts_with("again")));
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
