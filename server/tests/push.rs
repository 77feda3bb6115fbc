//! `silverlane push` over the wire, and what it makes of files.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sink;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use server::cli::push::{
    Captions, Clock, Options, Program, PushError, SourceError, TICKS, Target, broadcast,
};
use smooth::boxes::{read_head, walk};
use smooth::manifest::Kind;
use smooth::{Limits, Span};
use tokio::sync::{oneshot, watch};

use sink::{Plan, Seen, Sink};

/// A round of the sample begins here: 24 s divide it.
const ROUND: u64 = 1_763_830_008 / 24 * 24 * TICKS;

fn sample() -> Program {
    Program::sample().unwrap().with_captions(Captions::clock())
}

/// Head and media of each track in fragment `number`.
fn heads(program: &Program, number: u64) -> Vec<(smooth::boxes::FragmentHead, Vec<u8>)> {
    let read = |bytes: &[u8]| {
        let boxes: Vec<_> = walk(bytes).map(Result::unwrap).collect();
        assert_eq!(boxes.iter().map(|b| &b.kind).collect::<Vec<_>>(), [b"moof", b"mdat"]);
        (read_head(boxes[0].whole, &Limits::default()).unwrap(), boxes[1].payload.to_vec())
    };
    program.fragment(number).unwrap().iter().map(|bytes| read(bytes)).collect()
}

#[test]
fn fragments_follow_each_other_without_a_gap_over_the_seam() {
    let program = sample();
    assert_eq!((program.duration(), program.fragments()), (24 * TICKS, 12));
    let first = program.number_at(ROUND);
    let mut ends: Vec<Option<u64>> = vec![None; 5];
    for number in first..first + 25 {
        let cut = program.span(number);
        assert_eq!(cut, Span { time: ROUND + (number - first) * 2 * TICKS, duration: 2 * TICKS });
        for (track, (head, media)) in heads(&program, number).into_iter().enumerate() {
            let span = head.span.unwrap();
            assert_eq!(
                ends[track].replace(span.end()).unwrap_or(ROUND),
                span.time,
                "track {track} of {number}"
            );
            assert_eq!((head.duration, head.size), (span.duration, media.len() as u64));
            assert_eq!(head.track_id as usize, track + 1);
            assert!(head.starts_with_sync);
            if track != 3 {
                assert_eq!(span, cut, "picture and captions are cut at the same times");
            }
        }
    }
}

#[test]
fn two_encoders_write_the_same_bytes_whenever_they_were_started() {
    let (one, other) = (sample(), sample());
    assert_eq!(one.header().unwrap(), other.header().unwrap());
    let late = one.number_at(ROUND + 17 * TICKS + 1);
    assert_eq!(late, one.number_at(ROUND) + 8);
    assert_eq!(one.fragment(late).unwrap(), other.fragment(late).unwrap());
}

#[test]
fn captions_tell_the_time_of_their_fragment() {
    let program = sample();
    let number = program.number_at(ROUND) + 3;
    let (_, media) = heads(&program, number).pop().unwrap();
    let document = smooth::captions::read_ttml(&media, &Limits::default()).unwrap();
    let start = program.span(number).time / (TICKS / 1000);
    let times: Vec<_> = document.cues.iter().map(|c| (c.begin_ms, c.end_ms)).collect();
    assert_eq!(times, [(start, start + 1000), (start + 1000, start + 2000)]);
    let seconds = start / 1000 % 60;
    assert!(document.cues[0].text.contains(&format!(":{seconds:02} UTC")), "{}", document.cues[0].text);
}

#[tokio::test]
async fn a_round_arrives_as_encoders_send_it() {
    let mut sink = Sink::start(&[]).await;
    let target = Target::new(&sink.url(), Some("e1"), "Encoder1").unwrap();
    let (clock, time) = watch::channel(ROUND);
    let options = Options { once: true, quiet: true, clock: Clock::Manual(time) };
    let push =
        tokio::spawn(
            async move { broadcast(Arc::new(sample()), &target, options, std::future::pending()).await },
        );

    let greeting = sink.greeting().await;
    assert!(greeting.starts_with("POST /live.isml/Events(e1)/Streams(Encoder1) HTTP/1.1"), "{greeting}");
    let (header, _) = sink.header().await;
    assert!(header.from_smil);
    let tracks: Vec<_> = header
        .tracks
        .iter()
        .map(|t| (t.kind, t.name.as_str(), t.level.bitrate, t.subtype.as_str()))
        .collect();
    assert_eq!(
        tracks,
        [
            (Kind::Video, "video", 120_000, ""),
            (Kind::Video, "video", 300_000, ""),
            (Kind::Video, "video", 700_000, ""),
            (Kind::Audio, "audio", 64_000, ""),
            (Kind::Text, "textstream_eng", 1000, "CAPT"),
        ]
    );
    assert_eq!(header.tracks[4].language, "eng");

    // The two fragments before now leave at once, the next one not before it is complete.
    for i in 0..10 {
        let fragment = sink.fragment().await;
        if i % 5 == 0 {
            assert_eq!(fragment.head.span.unwrap().time, ROUND - 4 * TICKS + i / 5 * 2 * TICKS);
        }
    }
    clock.send_replace(ROUND + 2 * TICKS - 1);
    tokio::task::yield_now().await;
    assert!(sink.seen.try_recv().is_err());
    clock.send_replace(ROUND + 2 * TICKS);
    assert_eq!(sink.fragment().await.head.span.unwrap().time, ROUND);
    clock.send_replace(ROUND + 60 * TICKS);
    for _ in 11..60 {
        sink.fragment().await;
    }
    assert!(matches!(sink.seen.recv().await, Some(Seen::End)));
    let report = push.await.unwrap().unwrap();
    assert_eq!((report.fragments, report.reconnects), (60, 0));
}

#[tokio::test]
async fn a_broken_connection_is_opened_again_with_the_same_header_and_the_last_two_fragments() {
    let mut sink = Sink::start(&[Plan::Take, Plan::BreakAfter(15)]).await;
    let target = Target::new(&sink.url(), None, "1").unwrap();
    let (clock, time) = watch::channel(ROUND + 2 * TICKS);
    let options = Options { once: false, quiet: true, clock: Clock::Manual(time) };
    let (stop, stopped) = oneshot::channel::<()>();
    let push = tokio::spawn(async move {
        let stop = async {
            let _ = stopped.await;
        };
        broadcast(Arc::new(sample()), &target, options, stop).await
    });

    sink.greeting().await;
    let (_, first_header) = sink.header().await;
    for _ in 0..10 {
        sink.fragment().await;
    }
    clock.send_replace(ROUND + 4 * TICKS);
    for _ in 10..15 {
        assert_eq!(sink.fragment().await.head.sequence & 3, sample().number_at(ROUND + 2 * TICKS) as u32 & 3);
    }
    sink.greeting().await;
    let (_, second_header) = sink.header().await;
    assert_eq!(first_header, second_header);
    let again = sink.fragment().await.head.span.unwrap().time;
    assert_eq!(again, ROUND, "the last two of what was sent");
    for _ in 1..10 {
        sink.fragment().await;
    }
    clock.send_replace(ROUND + 6 * TICKS);
    assert_eq!(sink.fragment().await.head.span.unwrap().time, ROUND + 4 * TICKS);
    stop.send(()).unwrap();
    while !matches!(sink.seen.recv().await.unwrap(), Seen::End) {}
    assert_eq!(push.await.unwrap().unwrap().reconnects, 1);
}

#[tokio::test]
async fn a_refusal_is_told_in_the_servers_words_and_a_busy_server_is_asked_again() {
    let mut sink = Sink::start(&[Plan::Answer(503, "busy"), Plan::Answer(403, "the event is over")]).await;
    let target = Target::new(&sink.url(), None, "1").unwrap();
    let options = Options { quiet: true, ..Options::default() };
    let error = broadcast(Arc::new(sample()), &target, options, std::future::pending()).await.unwrap_err();
    assert!(matches!(error, PushError::Refused { status: 403, .. }));
    let text = error.to_string();
    assert!(text.contains("the event is over") && text.contains("--event"), "{text}");
    sink.greeting().await;
    sink.greeting().await;
}

/// Runs ffmpeg, which the tests need anyway.
fn ffmpeg(folder: &Path, args: &str) {
    let run = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-nostdin", "-y"])
        .args(args.split_whitespace())
        .current_dir(folder)
        .output();
    let run = run.expect("ffmpeg is needed: apt install ffmpeg");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn plain_files_of_each_bitrate_give_the_same_broadcast_as_one_with_all() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/sample/sample.ismv"), at("all.ismv")).unwrap();
    ffmpeg(
        folder.path(),
        "-i all.ismv -map 0:0 -c copy a.mp4 -map 0:1 -map 0:3 -c copy -movflags +faststart b.mp4 \
         -map 0:2 -c copy -movflags frag_keyframe+empty_moov c.mp4",
    );
    let whole = Program::open(&[at("all.ismv")]).unwrap();
    let parts = Program::open(&[at("c.mp4"), at("a.mp4"), at("b.mp4")]).unwrap();
    let from = whole.number_at(ROUND);
    assert_eq!(parts.number_at(ROUND), from);
    for number in from..from + 12 {
        for (one, other) in heads(&whole, number).into_iter().zip(heads(&parts, number)) {
            // Files of another timescale are rounded otherwise.
            let (span, other_span) = (one.0.span.unwrap(), other.0.span.unwrap());
            assert!(span.time.abs_diff(other_span.time) <= 1, "{span:?} {other_span:?} of {number}");
            assert_eq!(one.0.samples, other.0.samples, "fragment {number}");
            assert_eq!(one.1, other.1);
        }
    }
}

#[test]
fn reordered_frames_keep_their_times() {
    let folder = tempfile::tempdir().unwrap();
    ffmpeg(
        folder.path(),
        "-f lavfi -i testsrc2=size=64x64:rate=25:duration=6 -c:v libx264 -bf 3 -g 50 -sc_threshold 0 b.mp4",
    );
    let program = Program::open(&[folder.path().join("b.mp4")]).unwrap();
    assert_eq!((program.duration(), program.fragments()), (6 * TICKS, 3));
    for number in program.number_at(ROUND)..program.number_at(ROUND) + 3 {
        let (head, _) = heads(&program, number).remove(0);
        assert_eq!(head.span.unwrap(), program.span(number));
        assert_eq!(head.first_composition_offset, 0, "a fragment begins when it says");
        assert_eq!((head.duration, head.samples), (2 * TICKS, 50));
    }
}

#[test]
fn key_frames_at_other_times_are_refused_with_file_time_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let encode = "-f lavfi -i testsrc2=size=64x64:rate=25:duration=6 -c:v libx264 -sc_threshold 0 -bf 0";
    ffmpeg(folder.path(), &format!("{encode} -g 50 -b:v 20k a.mp4"));
    ffmpeg(folder.path(), &format!("{encode} -g 60 -b:v 90k b.mp4"));
    let files = ["a.mp4", "b.mp4"].map(|name| folder.path().join(name));
    let error = Program::open(&files).unwrap_err();
    assert!(matches!(error, SourceError::NotAligned { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("b.mp4") && text.contains("2.000 s") && text.contains("-g 50"), "{text}");
}

#[test]
fn what_is_no_media_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let open = |data: &[u8]| {
        let file = folder.path().join("x.mp4");
        std::fs::write(&file, data).unwrap();
        Program::open(&[file]).unwrap_err().to_string()
    };
    assert!(open(b"").contains("x.mp4 is not an MP4 file"));
    assert!(open(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR").contains("x.mp4 is not an MP4 file"));
    assert!(open(b"\0\0\0\x08moov").contains("x.mp4"));
    assert!(
        Program::open(&["/nowhere.mp4".into()]).unwrap_err().to_string().contains("cannot read /nowhere.mp4")
    );

    // Cut anywhere, a recording is refused or plays what is there.
    let whole = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/sample/sample.ismv")).unwrap();
    let file = folder.path().join("cut.ismv");
    for cut in (0..6000).step_by(61).chain([600_000, 2_000_000]) {
        std::fs::write(&file, &whole[..cut]).unwrap();
        if let Ok(program) = Program::open(std::slice::from_ref(&file)) {
            program.fragment(program.number_at(ROUND)).unwrap();
        }
    }
}
