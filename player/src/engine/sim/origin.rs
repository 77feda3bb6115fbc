//! An origin: a presentation on demand or a broadcast, and what goes wrong with it.

use smooth::boxes::uuid::PIFF_SAMPLE_ENCRYPTION;
use smooth::boxes::{Tfrf, Tfxd};
use smooth::manifest::{
    self, Embedded, Kind, Manifest, ProtectionHeader, QualityLevel, Stream, Timeline, Version,
};
use smooth::protection::{PLAYREADY, playready};
use smooth::text::hex_decode;
use smooth::{Span, Timescale};

/// The header of a key.
fn header(id: [u8; 16]) -> ProtectionHeader {
    let keys = vec![playready::Key { id, checksum: None }];
    let license_url = Some("http://licence/".to_owned());
    let data = playready::write(&playready::Header { keys, license_url });
    ProtectionHeader { system_id: PLAYREADY, data }
}

/// A stream with all its chunks, those of the future included.
#[derive(Clone)]
pub(in crate::engine) struct Feed {
    pub(in crate::engine) kind: Kind,
    pub(in crate::engine) name: &'static str,
    pub(in crate::engine) bitrates: Vec<u32>,
    pub(in crate::engine) timescale: u64,
    pub(in crate::engine) chunks: Vec<Span>,
    pub(in crate::engine) fourcc: &'static str,
    pub(in crate::engine) attributes: Vec<(String, String)>,
    /// Levels from this bitrate on are coded in HEVC.
    pub(in crate::engine) hevc_from: u32,
    /// It is sparse beside this one.
    pub(in crate::engine) parent: Option<&'static str>,
    /// Samples that stand in the manifest as soon as it lists their chunk.
    pub(in crate::engine) embedded: Vec<Embedded>,
}

impl Feed {
    /// `count` chunks of `ticks` each, from `start` on.
    pub(in crate::engine) fn new(
        kind: Kind,
        bitrates: &[u32],
        timescale: u64,
        start: u64,
        ticks: u64,
        count: u64,
    ) -> Self {
        Self {
            kind,
            name: kind.as_str(),
            bitrates: bitrates.to_vec(),
            timescale,
            chunks: (0..count).map(|i| Span { time: start + i * ticks, duration: ticks }).collect(),
            fourcc: match kind {
                Kind::Video => "H264",
                Kind::Audio => "AACL",
                Kind::Text => "TTML",
            },
            attributes: Vec::new(),
            hevc_from: u32::MAX,
            parent: None,
            embedded: Vec::new(),
        }
    }

    /// Events of a sparse stream beside the picture, at these times.
    pub(in crate::engine) fn events(times: &[u64]) -> Self {
        Self {
            name: "events",
            fourcc: "DATA",
            chunks: times.iter().map(|&time| Span { time, duration: 0 }).collect(),
            parent: Some("video"),
            ..Self::new(Kind::Text, &[1000], 10_000_000, 0, 0, 0)
        }
    }

    fn model(&self, chunks: &[Span]) -> Stream {
        let data = |fourcc| match fourcc {
            "H264" => "000000016742c01eda0280bfe5400000000168ce3c80",
            "HVC1" => HEVC,
            "AACL" => "1190",
            _ => "",
        };
        let fourcc = |bitrate| if bitrate >= self.hevc_from { "HVC1" } else { self.fourcc };
        let level = |(index, &bitrate): (usize, &u32)| QualityLevel {
            index: index as u32,
            bitrate,
            fourcc: fourcc(bitrate).into(),
            private_data: hex_decode(data(fourcc(bitrate))).unwrap(),
            width: 640,
            height: 360,
            sampling_rate: 48_000,
            channels: 2,
            custom_attributes: self.attributes.clone(),
            nal_length: 4,
            ..QualityLevel::default()
        };
        let mut timeline = Timeline::new();
        for &chunk in chunks {
            assert!(timeline.push(chunk));
        }
        let attributes = if self.attributes.is_empty() { "" } else { ",{CustomAttributes}" };
        Stream {
            kind: self.kind,
            subtype: match (self.kind, self.fourcc) {
                (Kind::Text, "TTML") => "CAPT".into(),
                (Kind::Text, other) => other.into(),
                _ => String::new(),
            },
            name: self.name.into(),
            language: "eng".into(),
            timescale: Timescale::new(self.timescale).unwrap(),
            url: ["QualityLevels({bitrate}", attributes, ")/Fragments(", self.name, "={start time})"]
                .concat(),
            max_width: 640,
            max_height: 360,
            display_width: 640,
            display_height: 360,
            parent: self.parent.map(Into::into),
            manifest_output: !self.embedded.is_empty(),
            levels: self.bitrates.iter().enumerate().map(level).collect(),
            chunks: timeline,
            embedded: {
                let last = chunks.last().map_or(0, |last| last.time);
                self.embedded.iter().filter(|e| e.time <= last).cloned().collect()
            },
        }
    }

    fn seconds(&self, ticks: u64) -> f64 {
        ticks as f64 / self.timescale as f64
    }
}

/// What makes an origin live.
#[derive(Clone)]
pub(in crate::engine) struct Broadcast {
    pub(in crate::engine) look_ahead: usize,
    /// Fragments announce their successors.
    pub(in crate::engine) tfrf: bool,
    /// Captions do so too.
    pub(in crate::engine) text_tfrf: bool,
    /// DVR window in seconds; 0 for all.
    pub(in crate::engine) dvr: f64,
    /// Longest hold in milliseconds; 0 if requests are not held.
    pub(in crate::engine) hold: u32,
    /// Seconds of media that exist when the world begins.
    pub(in crate::engine) head_start: f64,
    /// When the encoder stops, in seconds of the world.
    pub(in crate::engine) ends: f64,
    /// Times jump over holes, and the clock does not.
    pub(in crate::engine) jumps: bool,
    /// Whether the end is told.
    pub(in crate::engine) closes: bool,
}

impl Default for Broadcast {
    fn default() -> Self {
        Self {
            look_ahead: 2,
            tfrf: true,
            text_tfrf: true,
            dvr: 60.0,
            hold: 8000,
            head_start: 31.3,
            ends: 1e9,
            jumps: false,
            closes: true,
        }
    }
}

/// Requests that fail: those whose URL contains a text, for a time.
#[derive(Clone)]
pub(in crate::engine) struct Fault {
    pub(in crate::engine) text: &'static str,
    pub(in crate::engine) from: f64,
    pub(in crate::engine) to: f64,
    pub(in crate::engine) status: u16,
}

/// An answer.
pub(in crate::engine) enum Reply {
    Status(u16),
    Manifest(Vec<u8>),
    /// The `moof`, and the bytes of the `mdat`.
    Fragment(Vec<u8>, u64),
    Whole(Vec<u8>),
}

#[derive(Clone, Default)]
pub(in crate::engine) struct Origin {
    pub(in crate::engine) feeds: Vec<Feed>,
    pub(in crate::engine) live: Option<Broadcast>,
    pub(in crate::engine) faults: Vec<Fault>,
    /// Chunks that do not exist are asked for with good reason.
    pub(in crate::engine) gone: bool,
    /// What is at `http://else/captions.ism`.
    pub(in crate::engine) elsewhere: Option<Box<Self>>,
    /// Key frames alone can be had.
    pub(in crate::engine) key_frames: bool,
    /// First composition offset of pictures, in ticks.
    pub(in crate::engine) offset: u32,
    /// What is encrypted, and from when on, in ticks. The manifest names the first key, fragments the others.
    pub(in crate::engine) keys: Vec<(u64, [u8; 16])>,
}

impl Origin {
    pub(in crate::engine) fn new(feeds: Vec<Feed>) -> Self {
        Self { feeds, ..Self::default() }
    }

    /// Video in five levels and audio, `seconds` long.
    pub(in crate::engine) fn vod(seconds: u64) -> Self {
        let rates = [300_000, 700_000, 1_500_000, 3_000_000, 5_000_000];
        Self::new(vec![
            Feed::new(Kind::Video, &rates, 10_000_000, 0, 20_000_000, seconds / 2),
            Feed::new(Kind::Audio, &[64_000], 10_000_000, 0, 20_000_000, seconds / 2),
        ])
    }

    /// The same, live, with an hour to come.
    pub(in crate::engine) fn broadcast(live: Broadcast) -> Self {
        let start = 17_000_000_000_000_003;
        let rates = [300_000, 700_000, 1_500_000, 3_000_000, 5_000_000];
        let video = Feed::new(Kind::Video, &rates, 10_000_000, start, 20_000_000, 1800);
        let audio = Feed::new(Kind::Audio, &[64_000], 10_000_000, start + 106_667, 20_000_000, 1800);
        Self { live: Some(live), ..Self::new(vec![video, audio]) }
    }

    /// How many chunks of a feed have been received.
    fn received(&self, feed: &Feed, now: f64) -> usize {
        let Some(live) = &self.live else { return feed.chunks.len() };
        let first = feed.chunks[0].time;
        let now = now.min(live.ends) + live.head_start;
        let mut made = 0;
        let exists = |c: &&Span| {
            made += c.duration;
            feed.seconds(if live.jumps { made } else { c.end() - first }) <= now
        };
        feed.chunks.iter().take_while(exists).count()
    }

    /// Whether what is at `url` exists at `now`: a manifest, or a fragment that the origin has received.
    pub(in crate::engine) fn is_announced(&self, url: &str, now: f64) -> bool {
        let Some((_, chunk)) = url.split_once("/Fragments(") else { return true };
        let (name, rest) = chunk.split_once('=').unwrap();
        let feed = self.feeds.iter().find(|feed| feed.name == name).unwrap();
        let time = rest.split(')').next().unwrap().parse();
        feed.chunks[..self.received(feed, now)].iter().any(|chunk| Ok(chunk.time) == time)
    }

    fn over(&self, now: f64) -> bool {
        self.live.as_ref().is_none_or(|live| live.closes && now > live.ends + 1.0)
    }

    /// Chunks that are served: indices.
    fn served(&self, feed: &Feed, now: f64) -> core::ops::Range<usize> {
        let received = if feed.chunks.is_empty() { 0 } else { self.received(feed, now) };
        let Some(live) = &self.live else { return 0..received };
        let held_back = if feed.kind == Kind::Text { 0 } else { live.look_ahead };
        let end = if self.over(now) { received } else { received.saturating_sub(held_back) };
        let mut start = 0;
        if live.dvr > 0.0 && end > 0 {
            let newest = feed.chunks[end - 1].end();
            start = feed.chunks.iter().take_while(|c| feed.seconds(newest - c.time) > live.dvr).count();
        }
        start.min(end)..end
    }

    fn manifest(&self, now: f64) -> Vec<u8> {
        let streams =
            self.feeds.iter().map(|feed| feed.model(&feed.chunks[self.served(feed, now)])).collect();
        let live = self.live.as_ref().filter(|_| !self.over(now));
        let wait = self.live.as_ref().map_or(0, |live| live.hold);
        manifest::write(&Manifest {
            version: Version::V2_2,
            is_live: live.is_some(),
            look_ahead: live.map(|live| live.look_ahead as u32),
            dvr_window: live.map_or(0, |live| (live.dvr * 1e7) as u64),
            custom_attributes: match wait {
                0 => Vec::new(),
                _ => vec![("silverlane-wait".into(), wait.to_string())],
            },
            streams,
            protection: self.keys.first().map(|&(_, id)| header(id)).into_iter().collect(),
            ..Manifest::default()
        })
        .into_bytes()
    }

    /// The answer to a request that was `waited` seconds for; `None` while it is held.
    pub(in crate::engine) fn answer(&self, url: &str, now: f64, waited: f64) -> Option<Reply> {
        let fault = self.faults.iter().find(|f| url.contains(f.text) && f.from <= now && now < f.to);
        if let Some(fault) = fault {
            return (fault.status != 0).then_some(Reply::Status(fault.status));
        }
        if url == "http://o/x.isml/Manifest" {
            return Some(Reply::Manifest(self.manifest(now)));
        }
        if let Some(path) = url.strip_prefix("http://else/captions.ism/") {
            let url = format!("http://o/x.isml/{path}");
            return self.elsewhere.as_ref().expect("another origin").answer(&url, now, waited);
        }
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let Some((_, path)) = path.split_once("/QualityLevels(") else { return Some(Reply::Status(404)) };
        let keys = path.contains(")/KeyFrames(");
        if keys && !self.key_frames {
            return Some(Reply::Status(404));
        }
        let noun = if keys { ")/KeyFrames(" } else { ")/Fragments(" };
        let (level, rest) = path.split_once(noun).unwrap();
        let bitrate: u32 = level.split(',').next().unwrap().parse().unwrap();
        let (name, time) = rest.trim_end_matches(')').split_once('=').unwrap();
        let time: u64 = time.parse().unwrap();
        let feed = self.feeds.iter().find(|f| f.name == name).expect("a stream of the manifest");
        assert!(feed.bitrates.contains(&bitrate), "a level of the manifest");
        let index = feed.chunks.iter().position(|c| c.time == time);
        let wait = query.strip_prefix("wait=").map_or(0.0, |ms| ms.parse::<f64>().unwrap() / 1000.0);
        if feed.kind == Kind::Text && index.is_none_or(|i| i >= self.received(feed, now)) {
            // The next captions are guessed at.
            return (waited >= wait).then_some(Reply::Status(412));
        }
        if index.is_none() && self.gone {
            return Some(Reply::Status(404));
        }
        let index = index.expect("a chunk that exists, to the tick");
        let served = self.served(feed, now);
        if index < served.start {
            return Some(Reply::Status(404));
        }
        if index >= served.end {
            assert!(index < self.received(feed, now), "asked beyond what was announced");
            return (waited >= wait).then_some(Reply::Status(412));
        }
        Some(self.fragment(feed, index, bitrate, now))
    }

    /// Where the newest fragments of sparse streams are, in the answer to a request for a picture.
    pub(in crate::engine) fn pointers(&self, url: &str) -> String {
        let Some((_, time)) = url.split_once("(video=") else { return String::new() };
        let time: u64 = time.split(')').next().unwrap().parse().unwrap();
        let newest = |f: &&Feed| Some((f.name, f.chunks.iter().rfind(|c| c.time <= time)?.time));
        let sparse = self.feeds.iter().filter(|f| f.parent.is_some());
        let list: Vec<_> =
            sparse.filter_map(|f| newest(&f)).map(|(name, time)| format!("{name}={time}")).collect();
        format!("video/mp4;ChildTrack=\"{}\"", list.join(","))
    }

    fn fragment(&self, feed: &Feed, index: usize, bitrate: u32, now: f64) -> Reply {
        let chunk = feed.chunks[index];
        let size = (feed.seconds(chunk.duration) * f64::from(bitrate) / 8.0) as u64;
        let mut traf = full(b"tfhd", 0x20, &[0, 0, 0, 1, 1, 1, 0, 0]);
        let offset = if feed.kind == Kind::Video { self.offset } else { 0 };
        let fields = [1, 0, chunk.duration as u32, size as u32, offset];
        traf.extend(full(b"trun", 0xb01, &fields.map(u32::to_be_bytes).concat()));
        traf.extend(Tfxd(chunk).write());
        if let Some(&(from, id)) = self.keys.iter().rev().find(|(from, _)| *from <= chunk.time) {
            // One sample, with its initialisation vector.
            let own = [&[0, 0, 1, 8][..], &id].concat();
            let (flags, own) = if from == self.keys[0].0 { (0, &[][..]) } else { (1, &own[..]) };
            let fields = [&PIFF_SAMPLE_ENCRYPTION[..], &[0, 0, 0, flags], own, &[0, 0, 0, 1], &[7; 8]];
            traf.extend(sized(b"uuid", &fields.concat()));
        }
        let tells = |live: &&Broadcast| live.tfrf && (live.text_tfrf || feed.kind != Kind::Text);
        if let Some(live) = self.live.as_ref().filter(tells).filter(|live| live.look_ahead > 0) {
            let to = self.received(feed, now).min(index + 1 + live.look_ahead);
            traf.extend(Tfrf(feed.chunks[index + 1..to].to_vec()).write());
        }
        let content = [full(b"mfhd", 0, &[0, 0, 0, 1]), sized(b"traf", &traf)].concat();
        let moof = sized(b"moof", &content);
        if feed.fourcc == "DATA" {
            return Reply::Whole([moof, sized(b"mdat", format!("event {index}").as_bytes())].concat());
        }
        if feed.kind == Kind::Text {
            let body = format!(
                "<tt xmlns=\"http://www.w3.org/ns/ttml\"><body><div><p begin=\"0s\" end=\"1s\">chunk {index}</p></div></body></tt>"
            );
            return Reply::Whole([moof, sized(b"mdat", body.as_bytes())].concat());
        }
        Reply::Fragment(moof, size + 8)
    }
}

fn sized(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(payload.len() + 8).unwrap();
    [&size.to_be_bytes(), &kind[..], payload].concat()
}

fn full(kind: &[u8; 4], flags: u32, payload: &[u8]) -> Vec<u8> {
    sized(kind, &[&flags.to_be_bytes(), payload].concat())
}

/// Parameter sets of Main 10.
const HEVC: &str = "0000000140010C01FFFF02200000030090000003000003003C9598090000000142010102200000030090000003000003003C\
    A00A080B9F6D96566924CAF0168080000003008000000C84000000014401C172B46240";
