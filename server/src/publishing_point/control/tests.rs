use super::*;
use crate::config::Settings;
use crate::publishing_point::encoder::Caller;
use crate::publishing_point::statistics::StreamState;
use crate::publishing_point::tests::spec;

use smooth::manifest::Kind;

fn point() -> (tempfile::TempDir, PublishingPoint) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.isml");
    std::fs::write(&file, definition::write(&Definition::default())).unwrap();
    let point =
        PublishingPoint::new("/live.isml".into(), file, Definition::default(), Arc::new(Settings::default()));
    (folder, point)
}

#[test]
fn every_wish_is_granted_or_denied_by_state_and_seen_by_who_watches() {
    let (_folder, point) = point();
    let mut versions = point.versions();
    let denied = |result: Result<(), Denied>| match result {
        Err(Denied::State { state, wish }) => (state, wish),
        other => panic!("{other:?}"),
    };
    assert_eq!(denied(point.stop()), (State::Idle, Wish::Stop));
    assert_eq!(denied(point.shut_down()), (State::Idle, Wish::ShutDown));
    point.start().unwrap();
    assert!(versions.has_changed().unwrap());
    versions.mark_unchanged();
    assert_eq!(point.snapshot().state, State::Starting);
    assert_eq!(denied(point.start()), (State::Starting, Wish::Start));
    assert_eq!(denied(point.update(Definition::default())), (State::Starting, Wish::Update));
    point.stop().unwrap();
    assert_eq!(point.state(), State::Stopped);
    assert_eq!(point.snapshot().state, State::Stopped);
    assert!(versions.has_changed().unwrap());
    assert_eq!(denied(point.stop()), (State::Stopped, Wish::Stop));
    point.shut_down().unwrap();
    assert_eq!(point.snapshot().state, State::Idle);
}

#[test]
fn an_update_is_written_and_keeps_what_is_not_known() {
    let (folder, point) = point();
    let file = folder.path().join("live.isml");
    let edited = definition::write(&Definition::default())
        .replace("</head>", "<meta name=\"fromTheFuture\" content=\"&lt;7&gt;\"/></head>");
    std::fs::write(&file, edited).unwrap();
    point.update(Definition { title: "New".into(), ..Definition::default() }).unwrap();
    let written = read_definition(&file, &Settings::default()).unwrap();
    assert_eq!(written.title, "New");
    assert_eq!(written.other, [("fromTheFuture".to_owned(), "<7>".to_owned())]);
    assert_eq!(*point.definition(), written);
    // What cannot be written changes nothing.
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert!(matches!(point.update(Definition::default()), Err(Denied::File(_))));
    assert_eq!(point.definition().title, "New");
}

#[test]
fn a_definition_that_became_unreadable_is_told_and_the_one_before_goes_on() {
    let (folder, point) = point();
    std::fs::write(folder.path().join("live.isml"), "<smil").unwrap();
    point.start().unwrap();
    assert!(point.last_error().unwrap().contains("no definition"), "{:?}", point.last_error());
    assert_eq!(*point.definition(), Definition::default());
}

#[test]
fn statistics_tell_streams_sources_and_tracks() {
    let (_folder, point) = point();
    assert!(point.statistics().streams.is_empty());
    let peer = Some([192, 0, 2, 7].into());
    let caller = Caller { event: Some("e"), stream: "Encoder1", peer, lineup: &[] };
    let seat = point.open(caller, &[spec(Kind::Video, "video", 500_000)]).unwrap();
    let (session, tracks) = (seat.session, seat.tracks);
    let media = crate::archive::Media::new(bytes::Bytes::from_static(b"moof"), vec![0; 996].into());
    let arrival = |time| crate::publishing_point::broadcast::Arrival {
        time,
        duration: 20_000_000,
        media: Arc::new(media.clone()),
    };
    for time in [0, 0, 20_000_000] {
        point.accept(session, tracks[0], arrival(time)).unwrap();
    }
    let statistics = point.statistics();
    assert_eq!((statistics.state, statistics.event.as_deref()), (State::Started, Some("e")));
    let [stream] = &statistics.streams[..] else { panic!("{statistics:?}") };
    assert_eq!((stream.id.as_str(), stream.state), ("Encoder1", StreamState::Started));
    assert_eq!((stream.sources[0].peer, stream.sources[0].bytes), (peer, 3000));
    let track = &stream.tracks[0];
    assert_eq!((track.name.as_str(), track.kind, track.encoded_bitrate), ("video", "video", 500_000));
    assert_eq!((track.newest_time, track.newest_duration), (Some(20_000_000), Some(20_000_000)));
    assert_eq!((track.counters.accepted, track.counters.duplicates), (2, 1));
    assert!(track.wait_ms.is_some() && statistics.memory_bytes >= 2000);
    point.close(session);
    assert_eq!(point.statistics().streams[0].state, StreamState::Idle);
    point.stop().unwrap();
    assert_eq!(point.statistics().streams[0].state, StreamState::Stopped);
}

#[test]
fn encoders_are_sent_away_when_the_operator_ends_it() {
    let (_folder, point) = point();
    let caller = Caller { event: Some("e"), stream: "1", peer: None, lineup: &[] };
    let specs = [spec(Kind::Video, "video", 1)];
    let mut seat = point.open(caller, &specs).unwrap();
    point.stop().unwrap();
    assert_eq!(seat.dismissed.try_recv(), Ok(Refused::Stopped));
    assert!(matches!(point.open(caller, &specs), Err(Refused::EventOver { .. })));
    point.shut_down().unwrap();
    // The operator has seen to it: the event may be broadcast again.
    let mut seat = point.open(caller, &specs).unwrap();
    point.shut_down().unwrap();
    assert_eq!(seat.dismissed.try_recv(), Ok(Refused::ShutDown));
}
