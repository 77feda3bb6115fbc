//! Whatever happens, in whatever order: no panic, no request beyond the live edge (the origin sees to
//! that), no fragment in a buffer that is not ready for it (the world sees to that).

use proptest::prelude::*;
use smooth::manifest::Kind;

use super::*;
use crate::engine::{AppendFailure, Engine, Event, Failure, Media, Range, RequestId, Settings};
use crate::record::Recording;

/// What a viewer, a network and a browser may do.
#[derive(Clone, Debug)]
enum Act {
    Play(f64),
    Pause(bool),
    Seek(f64),
    Rate(f64),
    Fault(u16, f64),
    Level(Option<u32>),
    Stream(Kind, Option<&'static str>),
    Streaming(bool),
    Refuse(Kind, AppendFailure),
    Quota(f64),
    Load(Option<f64>),
    Stop,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![Kind::Video, Kind::Audio, Kind::Text])
}

fn act() -> impl Strategy<Value = Act> {
    let names = prop::option::of(prop::sample::select(vec!["video", "audio", "text", "AUDIO2", "none"]));
    prop_oneof![
        8 => (0.0..15.0).prop_map(Act::Play),
        1 => any::<bool>().prop_map(Act::Pause),
        3 => (0.0..150.0).prop_map(Act::Seek),
        1 => prop::sample::select(vec![0.0, 1e5, 1e6, 8e6, 1e8]).prop_map(Act::Rate),
        2 => (prop::sample::select(vec![404, 410, 412, 500]), 0.0..20.0).prop_map(|(s, t)| Act::Fault(s, t)),
        1 => prop::option::of(prop::sample::select(vec![300_000, 5_000_000, 1])).prop_map(Act::Level),
        1 => (kind(), names).prop_map(|(kind, name)| Act::Stream(kind, name)),
        1 => any::<bool>().prop_map(Act::Streaming),
        1 => (
            prop::sample::select(vec![Kind::Video, Kind::Audio]),
            prop::sample::select(vec![AppendFailure::Quota, AppendFailure::Decode, AppendFailure::Closed]),
        )
            .prop_map(|(kind, reason)| Act::Refuse(kind, reason)),
        1 => (3.0..100.0).prop_map(Act::Quota),
        1 => prop::option::of(0.0..200.0).prop_map(Act::Load),
        1 => Just(Act::Stop),
    ]
}

fn origin(live: bool, look_ahead: usize, hold: bool, dvr: f64) -> Origin {
    let broadcast = Broadcast { look_ahead, hold: if hold { 8000 } else { 0 }, dvr, ..Broadcast::default() };
    let mut origin = if live { Origin::broadcast(broadcast) } else { Origin::vod(120) };
    let audio = Feed { name: "audio2", ..origin.feeds[1].clone() };
    let text = Feed {
        name: "text",
        fourcc: "TTML",
        kind: Kind::Text,
        bitrates: vec![500],
        ..origin.feeds[0].clone()
    };
    origin.feeds.extend([audio, text]);
    origin
}

impl World {
    fn act(&mut self, act: &Act) {
        match *act {
            Act::Play(seconds) => self.play(seconds),
            Act::Pause(paused) => self.paused = paused,
            Act::Seek(position) => self.seek(position),
            Act::Rate(rate) => self.rates = vec![(0.0, rate)],
            Act::Fault(status, seconds) => {
                let (from, to) = (self.now, self.now + seconds);
                self.origin.faults = vec![Fault { text: "", from, to, status }];
            }
            Act::Level(bitrate) => self.feed(Event::SelectLevel { kind: Kind::Video, bitrate }),
            Act::Stream(kind, name) => self.feed(Event::SelectStream { kind, name }),
            Act::Streaming(wanted) => self.feed(Event::Streaming { wanted }),
            Act::Refuse(kind, reason) => self.refuse(kind, reason),
            Act::Quota(quota) => self.quota = quota,
            Act::Load(start) => self.load(start),
            Act::Stop => self.feed(Event::Stop),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_session_keeps_the_rules_and_recovers(
        acts in prop::collection::vec(act(), 1..14),
        live in any::<bool>(),
        look_ahead in 0_usize..3,
        hold in any::<bool>(),
        dvr in prop::sample::select(vec![0.0, 20.0, 60.0]),
    ) {
        let mut w = World::new(origin(live, look_ahead, hold, dvr), Settings::default());
        w.load(None);
        for act in &acts {
            w.act(act);
        }
        // Loaded again on a sound network, it plays.
        w.rates = vec![(0.0, 8e6)];
        w.origin.faults.clear();
        w.quota = 1e9;
        w.paused = false;
        w.load(None);
        w.feed(Event::Streaming { wanted: true });
        let before = w.moved();
        w.play(20.0);
        prop_assert!(w.moved() - before > 10.0, "{} {:?}", w.position, w.notices.last());
        // Told the same once more, it does the same.
        let recording = Recording::read(w.engine.recording()).unwrap();
        prop_assert_eq!(recording.replay(|_, _, _| ()), Ok(()));
    }

    #[test]
    fn any_events_in_any_order_are_survived(
        events in prop::collection::vec((0_u8..20, 0_u32..6, any::<u64>(), any::<f64>(), prop::collection::vec(any::<u8>(), 0..40)), 0..60),
    ) {
        let mut engine = Engine::new(Settings::default());
        let manifest = br#"<SmoothStreamingMedia MajorVersion="2" MinorVersion="0" Duration="0" IsLive="TRUE"><StreamIndex Type="audio" Url="QualityLevels({bitrate})/Fragments(a={start time})"><QualityLevel Index="0" Bitrate="64000" FourCC="AACL" SamplingRate="48000" Channels="2"/><c t="18446744073709000000" d="100"/><c d="551000"/></StreamIndex></SmoothStreamingMedia>"#;
        for (i, (what, request, number, float, bytes)) in events.iter().enumerate() {
            let request = RequestId(*request);
            let kind = [Kind::Video, Kind::Audio, Kind::Text][(number % 3) as usize];
            let ranges = [Range { start: *float, end: float + 3.0 }];
            let media = Media { position: *float, audio: &ranges, video: &ranges, ready: 4, ..Media::default() };
            let event = match what {
                0 => Event::Load { url: "http://o/x.isml", start: Some(*float) },
                1 | 2 => Event::Opened,
                3 => Event::Supported { mime: "audio/mp4; codecs=\"mp4a.40.2\"", supported: true },
                4 => Event::ManifestLoaded { request, url: "", bytes: manifest },
                5 => Event::ManifestLoaded { request, url: "x", bytes },
                6 => Event::ResponseStarted { request },
                7 => Event::Head { request, moof: bytes },
                8 => Event::Received { request, total: *number },
                9 => Event::Finished { request, body: Some(bytes) },
                10 => Event::Failed { request, failure: Failure::Http(*number as u16) },
                11 => Event::Appended { kind, request },
                12 => Event::AppendFailed { kind, reason: AppendFailure::Quota },
                13 => Event::Media(&media),
                14 => Event::Seeking { position: *float },
                15 => Event::Evicted { kind },
                16 => Event::SelectStream { kind, name: Some("audio") },
                17 => Event::Pointers("a/b;ChildTrack=\"a=18446744073709551615,b=1\""),
                _ => Event::Tick,
            };
            let commands = engine.handle((i as u64 * (number % 5000)) as f64 / 1000.0, event);
            prop_assert!(commands.len() < 50);
            let _ = (engine.deadline(), engine.stats());
        }
    }
}
