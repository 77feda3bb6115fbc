//! Playlists as text, RFC 8216 section 4, with `EXT-X-GAP` of its second edition.

use std::fmt::Write as _;
use std::sync::Arc;

use smooth::Timescale;

use crate::deliver::date::iso8601;

/// A media playlist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaPlaylist {
    /// `EXT-X-VERSION`.
    pub version: u32,
    /// `EXT-X-ALLOW-CACHE`, which clients before version 7 look at.
    pub allow_cache: Option<bool>,
    /// `EXT-X-TARGETDURATION` in seconds.
    pub target: u64,
    /// `EXT-X-MEDIA-SEQUENCE`: number of the first entry.
    pub sequence: u64,
    /// `EXT-X-PLAYLIST-TYPE`; `None` for a window that slides.
    pub kind: Option<Kind>,
    /// `EXT-X-I-FRAMES-ONLY`.
    pub i_frames_only: bool,
    /// `URI` of `EXT-X-MAP`.
    pub map: Option<String>,
    /// Oldest first.
    pub entries: Vec<Entry>,
    /// `EXT-X-ENDLIST`.
    pub ended: bool,
}

/// `EXT-X-PLAYLIST-TYPE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing is ever removed.
    Event,
    /// Nothing ever changes.
    Vod,
}

/// One media segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Microseconds.
    pub duration: u64,
    /// Where it is, relative to the playlist.
    pub uri: String,
    /// `EXT-X-PROGRAM-DATE-TIME`, in milliseconds since 1970.
    pub date: Option<u64>,
    /// `EXT-X-DISCONTINUITY` before it.
    pub discontinuity: bool,
    /// `EXT-X-GAP`: it has no media.
    pub gap: bool,
    /// `EXT-X-KEY`, written where it changes.
    pub key: Option<Arc<Key>>,
}

/// `EXT-X-KEY` with the method `AES-128`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Where players get the key.
    pub uri: String,
    /// `IV`; `None` for the media sequence number.
    pub iv: Option<u128>,
}

/// A master playlist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MasterPlaylist {
    /// `EXT-X-VERSION`.
    pub version: u32,
    /// `EXT-X-MEDIA`.
    pub renditions: Vec<Rendition>,
    /// `EXT-X-STREAM-INF`, the one to start with first.
    pub variants: Vec<Variant>,
    /// `EXT-X-I-FRAME-STREAM-INF`.
    pub i_frames: Vec<Variant>,
}

/// `EXT-X-MEDIA`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendition {
    /// `TYPE`: `AUDIO`, `SUBTITLES`.
    pub kind: &'static str,
    /// `GROUP-ID`.
    pub group: String,
    /// `NAME`, unique in the group.
    pub name: String,
    /// `LANGUAGE`, RFC 5646; empty if unknown.
    pub language: String,
    /// `DEFAULT` and `AUTOSELECT`.
    pub default: bool,
    /// `CHANNELS`; 0 if not said.
    pub channels: u16,
    /// `URI`; `None` if the variants carry it themselves.
    pub uri: Option<String>,
}

/// `EXT-X-STREAM-INF` or `EXT-X-I-FRAME-STREAM-INF`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variant {
    /// `BANDWIDTH` in bits/s.
    pub bandwidth: u64,
    /// `AVERAGE-BANDWIDTH` in bits/s; 0 if not said.
    pub average: u64,
    /// `CODECS`; empty if not said.
    pub codecs: Vec<String>,
    /// `RESOLUTION` in pixels; zeros if not said.
    pub resolution: (u32, u32),
    /// `FRAME-RATE` in thousandths; 0 if not said.
    pub frame_rate: u64,
    /// `AUDIO`: a group of renditions; empty for none.
    pub audio: String,
    /// `SUBTITLES`, likewise.
    pub subtitles: String,
    /// Where its playlist is, relative to this one.
    pub uri: String,
}

impl MediaPlaylist {
    /// The text.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = String::with_capacity(256 + self.entries.len() * 128);
        header(&mut out, self.version);
        if let Some(allowed) = self.allow_cache {
            line(&mut out, "#EXT-X-ALLOW-CACHE:", yes(allowed));
        }
        let _ = writeln!(out, "#EXT-X-TARGETDURATION:{}", self.target);
        let _ = writeln!(out, "#EXT-X-MEDIA-SEQUENCE:{}", self.sequence);
        match self.kind {
            Some(Kind::Event) => out.push_str("#EXT-X-PLAYLIST-TYPE:EVENT\n"),
            Some(Kind::Vod) => out.push_str("#EXT-X-PLAYLIST-TYPE:VOD\n"),
            None => {}
        }
        if self.i_frames_only {
            out.push_str("#EXT-X-I-FRAMES-ONLY\n");
        }
        if let Some(uri) = &self.map {
            let _ = writeln!(out, "#EXT-X-MAP:URI=\"{uri}\"");
        }
        let mut key = None;
        for entry in &self.entries {
            entry.write(&mut key, &mut out);
        }
        if self.ended {
            out.push_str("#EXT-X-ENDLIST\n");
        }
        out
    }
}

impl Entry {
    fn write<'a>(&'a self, key: &mut Option<&'a Key>, out: &mut String) {
        if self.discontinuity {
            out.push_str("#EXT-X-DISCONTINUITY\n");
        }
        if let Some(new) = self.key.as_deref()
            && *key != Some(new)
        {
            let _ = write!(out, "#EXT-X-KEY:METHOD=AES-128,URI=\"{}\"", new.uri);
            if let Some(iv) = new.iv {
                let _ = write!(out, ",IV=0x{iv:032X}");
            }
            out.push('\n');
            *key = Some(new);
        }
        if let Some(date) = self.date {
            line(out, "#EXT-X-PROGRAM-DATE-TIME:", &iso8601(date));
        }
        if self.gap {
            out.push_str("#EXT-X-GAP\n");
        }
        let _ = writeln!(out, "#EXTINF:{}.{:06},", self.duration / 1_000_000, self.duration % 1_000_000);
        line(out, &self.uri, "");
    }
}

impl MasterPlaylist {
    /// The text.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = String::with_capacity(1024);
        header(&mut out, self.version);
        for rendition in &self.renditions {
            rendition.write(&mut out);
        }
        for variant in &self.variants {
            out.push_str("#EXT-X-STREAM-INF:");
            variant.write(&mut out);
            out.push('\n');
            line(&mut out, &variant.uri, "");
        }
        for variant in &self.i_frames {
            out.push_str("#EXT-X-I-FRAME-STREAM-INF:");
            variant.write(&mut out);
            let _ = writeln!(out, ",URI=\"{}\"", variant.uri);
        }
        out
    }
}

impl Rendition {
    fn write(&self, out: &mut String) {
        let Self { kind, group, name, .. } = self;
        let _ = write!(out, "#EXT-X-MEDIA:TYPE={kind},GROUP-ID=\"{group}\",NAME=\"{name}\"");
        if !self.language.is_empty() {
            let _ = write!(out, ",LANGUAGE=\"{}\"", self.language);
        }
        let _ = write!(out, ",DEFAULT={},AUTOSELECT=YES", yes(self.default));
        if self.channels > 0 {
            let _ = write!(out, ",CHANNELS=\"{}\"", self.channels);
        }
        if let Some(uri) = &self.uri {
            let _ = write!(out, ",URI=\"{uri}\"");
        }
        out.push('\n');
    }
}

impl Variant {
    fn write(&self, out: &mut String) {
        let _ = write!(out, "BANDWIDTH={}", self.bandwidth);
        if self.average > 0 {
            let _ = write!(out, ",AVERAGE-BANDWIDTH={}", self.average);
        }
        if !self.codecs.is_empty() {
            let _ = write!(out, ",CODECS=\"{}\"", self.codecs.join(","));
        }
        let (width, height) = self.resolution;
        if width > 0 && height > 0 {
            let _ = write!(out, ",RESOLUTION={width}x{height}");
        }
        if self.frame_rate > 0 {
            let _ = write!(out, ",FRAME-RATE={}.{:03}", self.frame_rate / 1000, self.frame_rate % 1000);
        }
        for (name, group) in [("AUDIO", &self.audio), ("SUBTITLES", &self.subtitles)] {
            if !group.is_empty() {
                let _ = write!(out, ",{name}=\"{group}\"");
            }
        }
    }
}

/// The head of every playlist. All our segments begin with a key frame.
fn header(out: &mut String, version: u32) {
    let _ = writeln!(out, "#EXTM3U\n#EXT-X-VERSION:{version}\n#EXT-X-INDEPENDENT-SEGMENTS");
}

fn line(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str(value);
    out.push('\n');
}

const fn yes(flag: bool) -> &'static str {
    if flag { "YES" } else { "NO" }
}

/// Ticks in microseconds, rounded down.
#[must_use]
pub fn micros(ticks: u64, timescale: Timescale) -> u64 {
    let micros = u128::from(ticks) * 1_000_000 / u128::from(timescale.get());
    u64::try_from(micros).unwrap_or(u64::MAX)
}

/// A broadcast's time in milliseconds since 1970, if its clock is that of the wall: between the years
/// 2000 and 2200. Encoders that count from zero, or from midnight, say nothing about the date.
#[must_use]
pub fn wall_clock(ticks: u64, timescale: Timescale) -> Option<u64> {
    let millis = micros(ticks, timescale) / 1000;
    (946_684_800_000..7_258_118_400_000).contains(&millis).then_some(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_playlist_reads_back() {
        let key = |iv| Some(Arc::new(Key { uri: "../Key".to_owned(), iv }));
        let entry = |uri: &str| Entry { duration: 9_999_999, uri: uri.to_owned(), ..Entry::default() };
        let playlist = MediaPlaylist {
            version: 3,
            allow_cache: Some(false),
            target: 10,
            sequence: 170_000_000,
            kind: Some(Kind::Event),
            entries: vec![
                Entry { date: Some(1_700_000_000_123), key: key(None), ..entry("a.ts") },
                Entry { gap: true, key: key(None), ..entry("b.ts") },
                Entry { discontinuity: true, key: key(Some(7)), ..entry("c.ts") },
            ],
            ended: true,
            ..MediaPlaylist::default()
        };
        let text = playlist.write();
        let read = m3u8_rs::parse_media_playlist_res(text.as_bytes()).unwrap();
        assert_eq!((read.version, read.target_duration, read.media_sequence), (Some(3), 10, 170_000_000));
        assert_eq!(read.playlist_type, Some(m3u8_rs::MediaPlaylistType::Event));
        assert!(read.end_list && read.independent_segments);
        let [a, b, c] = read.segments.as_slice() else { panic!("{text}") };
        assert_eq!((a.uri.as_str(), a.duration), ("a.ts", 9.999_999));
        assert_eq!(a.program_date_time.unwrap().to_rfc3339(), "2023-11-14T22:13:20.123+00:00");
        assert_eq!(a.key.as_ref().unwrap().uri.as_deref(), Some("../Key"));
        assert!(b.key.is_none() && b.unknown_tags.iter().any(|tag| tag.tag == "X-GAP"), "{b:?}");
        assert!(c.discontinuity);
        let iv = "0x00000000000000000000000000000007";
        assert_eq!(c.key.as_ref().unwrap().iv.as_deref(), Some(iv));
        assert!(text.contains("#EXT-X-ALLOW-CACHE:NO\n"));
    }

    #[test]
    fn a_master_playlist_reads_back() {
        let master = MasterPlaylist {
            version: 4,
            renditions: vec![
                Rendition {
                    kind: "AUDIO",
                    group: "a".into(),
                    name: "English".into(),
                    language: "en".into(),
                    default: true,
                    channels: 2,
                    uri: None,
                },
                Rendition {
                    kind: "AUDIO",
                    group: "a".into(),
                    name: "x".into(),
                    uri: Some("x.m3u8".into()),
                    ..Rendition::default()
                },
            ],
            variants: vec![Variant {
                bandwidth: 1_000_000,
                average: 900_000,
                codecs: vec!["avc1.4D401F".into(), "mp4a.40.2".into()],
                resolution: (640, 360),
                frame_rate: 29_970,
                audio: "a".into(),
                uri: "v.m3u8".into(),
                ..Variant::default()
            }],
            i_frames: vec![Variant { bandwidth: 5, uri: "i.m3u8".into(), ..Variant::default() }],
        };
        let read = m3u8_rs::parse_master_playlist_res(master.write().as_bytes()).unwrap();
        let [variant, trick] = read.variants.as_slice() else { panic!("{read:?}") };
        assert_eq!((variant.bandwidth, variant.average_bandwidth), (1_000_000, Some(900_000)));
        assert_eq!(variant.codecs.as_deref(), Some("avc1.4D401F,mp4a.40.2"));
        assert_eq!((variant.frame_rate, variant.audio.as_deref()), (Some(29.97), Some("a")));
        assert_eq!(variant.resolution.map(|r| (r.width, r.height)), Some((640, 360)));
        assert!(trick.is_i_frame && trick.uri == "i.m3u8");
        assert_eq!(read.alternatives.len(), 2);
        assert_eq!(read.alternatives[0].language.as_deref(), Some("en"));
        assert_eq!(read.alternatives[1].uri.as_deref(), Some("x.m3u8"));
    }

    #[test]
    fn only_the_clock_of_the_wall_is_a_date() {
        let ticks = 17_000_000_000_000_000;
        assert_eq!(wall_clock(ticks, Timescale::DEFAULT), Some(1_700_000_000_000));
        assert_eq!(wall_clock(3600 * 10_000_000, Timescale::DEFAULT), None);
    }
}
