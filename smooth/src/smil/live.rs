//! The live server manifest: the SMIL document that opens a push stream and says what its tracks are,
//! [MS-SSTR] 2.2.7.2.

use super::{NAMESPACE, push_attributes, push_element};
use crate::error::Error;
use crate::limits::Limits;
use crate::manifest::{Kind, ProtectionHeader, QualityLevel};
use crate::text::{base64_decode, base64_encode, hex_decode, hex_encode};
use crate::time::Timescale;
use crate::xml::{self, Element, Reader, local};

/// The tracks of one push stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveServerManifest {
    /// In document order.
    pub tracks: Vec<Track>,
}

/// One track: a stream of the client manifest and one of its quality levels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// `trackID`: the track id in `moov` and in the fragments of this push stream.
    pub id: u32,
    /// Element name.
    pub kind: Kind,
    /// `trackName`: the stream's name for viewers; `video`, `audio` or `textstream` if absent. Several
    /// tracks of one name are quality levels of one stream.
    pub name: String,
    /// `systemLanguage`, as written; empty if absent.
    pub language: String,
    /// Ticks per second of the fragments.
    pub timescale: Timescale,
    /// `Subtype` of the stream; empty if absent.
    pub subtype: String,
    /// `parentTrackName`: makes the track sparse.
    pub parent: Option<String>,
    /// `manifestOutput`: the samples go into the client manifest.
    pub manifest_output: bool,
    /// `DisplayWidth` in pixels; 0 if absent.
    pub display_width: u32,
    /// `DisplayHeight`, likewise.
    pub display_height: u32,
    /// The quality level; [`QualityLevel::index`] is 0.
    pub level: QualityLevel,
    /// `protectionHeader`, which is ours, for the origin's own records: where licences come from. Encoders
    /// say it in `moov`.
    pub protection: Vec<ProtectionHeader>,
}

impl Track {
    /// A track that says nothing of itself yet.
    #[must_use]
    pub fn new(id: u32, kind: Kind) -> Self {
        let name = match kind {
            Kind::Text => "textstream",
            _ => kind.as_str(),
        };
        Self {
            id,
            kind,
            name: name.into(),
            language: String::new(),
            timescale: Timescale::DEFAULT,
            subtype: String::new(),
            parent: None,
            manifest_output: false,
            display_width: 0,
            display_height: 0,
            level: QualityLevel { nal_length: 4, ..QualityLevel::default() },
            protection: Vec::new(),
        }
    }
}

/// Reads a live server manifest in any encoding. Parameters that we do not know are passed over, so are
/// optional numbers that cannot be read.
///
/// # Errors
///
/// [`Error::Invalid`] if the document is not SMIL or a track lacks `trackID` or `systemBitrate`,
/// [`Error::Limit`] for more than `streams` tracks, and those of [`xml`].
pub fn read(bytes: &[u8], limits: &Limits) -> Result<LiveServerManifest, Error> {
    let text = xml::decode(bytes, limits)?;
    let mut reader = Reader::new(&text, limits);
    let root = reader.root()?;
    if root.name() != "smil" {
        return Err(Error::Invalid { what: "live server manifest", rule: "the root is not smil" });
    }
    let mut manifest = LiveServerManifest::default();
    read_children(&mut reader, &root, limits, &mut manifest)?;
    Ok(manifest)
}

/// Tracks stand in `body/switch`; looking into every container costs nothing.
fn read_children(
    reader: &mut Reader<'_>,
    parent: &Element<'_>,
    limits: &Limits,
    manifest: &mut LiveServerManifest,
) -> Result<(), Error> {
    while let Some(child) = reader.child(parent)? {
        let kind = match child.name().to_ascii_lowercase().as_str() {
            "body" | "switch" | "par" | "seq" => {
                read_children(reader, &child, limits, manifest)?;
                continue;
            }
            "video" => Kind::Video,
            "audio" => Kind::Audio,
            "textstream" => Kind::Text,
            _ => continue,
        };
        if manifest.tracks.len() >= limits.streams {
            return Err(Error::Limit { what: "streams", max: limits.streams as u64 });
        }
        manifest.tracks.push(read_track(reader, &child, kind)?);
    }
    Ok(())
}

fn read_track(reader: &mut Reader<'_>, element: &Element<'_>, kind: Kind) -> Result<Track, Error> {
    let mut params = Params { track: Track::new(0, kind), id: None, bitrate: None, wave_format: Vec::new() };
    while let Some(child) = reader.child(element)? {
        if !child.name().eq_ignore_ascii_case("param") {
            continue;
        }
        let (name, value) = (child.attribute("name")?, child.attribute("value")?);
        if let (Some(name), Some(value)) = (name, value) {
            params.set(name.trim(), value.trim())?;
        }
    }
    // The attributes win over parameters of the same name.
    for attribute in element.attributes() {
        let (name, value) = attribute?;
        if matches!(local(name).to_ascii_lowercase().as_str(), "systembitrate" | "systemlanguage") {
            params.set(local(name), value.trim())?;
        }
    }
    params.finish()
}

/// A track while its parameters are read.
struct Params {
    track: Track,
    id: Option<u32>,
    bitrate: Option<u32>,
    wave_format: Vec<u8>,
}

impl Params {
    fn set(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let track = &mut self.track;
        let level = &mut track.level;
        let number = || value.parse::<u32>().unwrap_or(0);
        let short = || value.parse::<u16>().unwrap_or(0);
        match name.to_ascii_lowercase().as_str() {
            "trackid" => self.id = Some(demand(value, "trackID")?),
            "systembitrate" => self.bitrate = Some(demand(value, "systemBitrate")?),
            "trackname" if !value.is_empty() => track.name = value.into(),
            "systemlanguage" => track.language = value.into(),
            "timescale" => {
                track.timescale = Timescale::new(demand(value, "timescale")?)
                    .ok_or(Error::Invalid { what: "timescale", rule: "it is zero" })?;
            }
            "subtype" => track.subtype = value.into(),
            "parenttrackname" => track.parent = (!value.is_empty()).then(|| value.into()),
            "manifestoutput" => track.manifest_output = value == "1" || value.eq_ignore_ascii_case("true"),
            "displaywidth" => track.display_width = number(),
            "displayheight" => track.display_height = number(),
            "fourcc" => level.fourcc = value.to_ascii_uppercase(),
            "codecprivatedata" => level.private_data = hex(value)?,
            "waveformatex" => self.wave_format = hex(value)?,
            "maxwidth" | "width" => level.width = number(),
            "maxheight" | "height" => level.height = number(),
            "samplingrate" => level.sampling_rate = number(),
            "channels" => level.channels = short(),
            "bitspersample" => level.bits_per_sample = short(),
            "packetsize" => level.packet_size = number(),
            "audiotag" => level.audio_tag = number(),
            "nalunitlengthfield" => level.nal_length = value.parse().ok().filter(|&n| n > 0).unwrap_or(4),
            "hardwareprofile" => set_custom(level, "hardwareProfile", value),
            "protectionheader" if track.protection.len() < MAX_PROTECTION => {
                track.protection.extend(read_protection(value));
            }
            // {namespace}_{attribute} tells apart levels of the same bitrate.
            _ if name.contains('_') => set_custom(level, name, value),
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<Track, Error> {
        let mut track = self.track;
        track.id = self.id.ok_or(Error::Invalid { what: "trackID", rule: "it is missing" })?;
        track.level.bitrate =
            self.bitrate.ok_or(Error::Invalid { what: "systemBitrate", rule: "it is missing" })?;
        if track.level.private_data.is_empty() {
            track.level.private_data = self.wave_format;
        }
        Ok(track)
    }
}

/// Protection systems of one track.
const MAX_PROTECTION: usize = 64;

/// System id in hex digits, a colon, and the header in base64.
fn read_protection(value: &str) -> Option<ProtectionHeader> {
    let (id, data) = value.split_once(':')?;
    let system_id = hex_decode(id).ok()?.try_into().ok()?;
    Some(ProtectionHeader { system_id, data: base64_decode(data).ok()? })
}

fn set_custom(level: &mut QualityLevel, name: &str, value: &str) {
    level.custom_attributes.retain(|(known, _)| known != name);
    level.custom_attributes.push((name.into(), value.into()));
}

fn demand<T: core::str::FromStr>(value: &str, what: &'static str) -> Result<T, Error> {
    value.parse().map_err(|_| Error::Invalid { what, rule: "it is not a number in range" })
}

/// Bytes of hex digits. An encoder that cuts long values may leave half a byte, which is dropped.
fn hex(value: &str) -> Result<Vec<u8>, Error> {
    hex_decode(value).or_else(|error| {
        let whole = value.len() & !1;
        value.get(..whole).filter(|_| whole < value.len()).ok_or(error).and_then(hex_decode)
    })
}

/// Writes the document, UTF-8 without a byte order mark.
#[must_use]
pub fn write(manifest: &LiveServerManifest) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<smil");
    push_attributes(&mut out, &[("xmlns", NAMESPACE)]);
    out.push_str(">\n<head>\n");
    push_element(&mut out, "", "meta", &[("name", "creator"), ("content", "Silverlane")]);
    out.push_str("</head>\n<body>\n<switch>\n");
    for track in &manifest.tracks {
        write_track(track, &mut out);
    }
    out.push_str("</switch>\n</body>\n</smil>\n");
    out
}

fn write_track(track: &Track, out: &mut String) {
    let tag = match track.kind {
        Kind::Text => "textstream",
        kind => kind.as_str(),
    };
    let level = &track.level;
    out.push('<');
    out.push_str(tag);
    push_attributes(out, &[("src", "Streams"), ("systemBitrate", &level.bitrate.to_string())]);
    if !track.language.is_empty() {
        push_attributes(out, &[("systemLanguage", &track.language)]);
    }
    out.push_str(">\n");
    for (name, value) in &level.custom_attributes {
        push_param(name, value, out);
    }
    let mut param = |name: &str, value: &str| {
        if !value.is_empty() {
            push_param(name, value, out);
        }
    };
    param("trackID", &track.id.to_string());
    param("trackName", &track.name);
    if track.timescale != Timescale::DEFAULT {
        param("timescale", &track.timescale.get().to_string());
    }
    param("Subtype", &track.subtype);
    param("parentTrackName", track.parent.as_deref().unwrap_or(""));
    param("manifestOutput", if track.manifest_output { "true" } else { "" });
    param("FourCC", &level.fourcc);
    param("CodecPrivateData", &hex_encode(&level.private_data));
    for header in &track.protection {
        let value = [&hex_encode(&header.system_id), ":", &base64_encode(&header.data)].concat();
        param("protectionHeader", &value);
    }
    let numbers = [
        ("MaxWidth", level.width),
        ("MaxHeight", level.height),
        ("DisplayWidth", track.display_width),
        ("DisplayHeight", track.display_height),
        ("SamplingRate", level.sampling_rate),
        ("Channels", level.channels.into()),
        ("BitsPerSample", level.bits_per_sample.into()),
        ("PacketSize", level.packet_size),
        ("AudioTag", level.audio_tag),
        ("NALUnitLengthField", if level.nal_length == 4 { 0 } else { level.nal_length.into() }),
    ];
    for (name, value) in numbers.into_iter().filter(|&(_, value)| value > 0) {
        param(name, &value.to_string());
    }
    out.push_str("</");
    out.push_str(tag);
    out.push_str(">\n");
}

fn push_param(name: &str, value: &str, out: &mut String) {
    push_element(out, "", "param", &[("name", name), ("value", value), ("valuetype", "data")]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(body: &str) -> Result<Track, Error> {
        let text = format!("<smil xmlns='{NAMESPACE}'><head/><body><switch>{body}</switch></body></smil>");
        read(text.as_bytes(), &Limits::default()).map(|manifest| manifest.tracks[0].clone())
    }

    #[test]
    fn names_in_any_case_and_with_prefixes() {
        let text = "<s:smil xmlns:s='x'><s:body><s:switch><s:audio s:systemBitrate='64000'>\
            <s:param s:name='TRACKID' s:value='4'/><s:param name='systemBitrate' value='1'/>\
            <s:param name='timeScale' value='1000'/><s:param name='systemlanguage' value='eng'/>\
            <s:param name='waveformatex' value='1190'/><s:param name='fourCC' value='aacl'/>\
            <s:param name='Width' value='x'/><s:param name='my_kind' value='a&amp;b'/>\
            <s:param name='unknown' value='1'/></s:audio></s:switch></s:body></s:smil>";
        let manifest = read(text.as_bytes(), &Limits::default()).unwrap();
        let mut expected = Track::new(4, Kind::Audio);
        expected.language = "eng".into();
        expected.timescale = Timescale::new(1000).unwrap();
        expected.level.bitrate = 64_000;
        expected.level.fourcc = "AACL".into();
        expected.level.private_data = vec![0x11, 0x90];
        expected.level.custom_attributes = vec![("my_kind".into(), "a&b".into())];
        assert_eq!(manifest.tracks, [expected]);
    }

    #[test]
    fn a_track_needs_id_and_bitrate() {
        let missing = |what| Err(Error::Invalid { what, rule: "it is missing" });
        assert_eq!(one("<video systemBitrate='1'/>"), missing("trackID"));
        let id = "<param name='trackID' value='1'/>";
        assert_eq!(one(&format!("<video>{id}</video>")), missing("systemBitrate"));
        let track = one(&format!("<video systemBitrate='0'>{id}</video>")).unwrap();
        assert_eq!(track, Track::new(1, Kind::Video));
        let name = "<param name='parentTrackName' value='video'/><param name='manifestOutput' value='1'/>";
        let track = one(&format!("<textstream systemBitrate='0'>{id}{name}</textstream>")).unwrap();
        assert_eq!((track.name.as_str(), track.parent.as_deref()), ("textstream", Some("video")));
        assert!(track.manifest_output);
    }

    #[test]
    fn half_a_byte_at_the_end_of_private_data_is_dropped() {
        let body = "<video systemBitrate='1'><param name='trackID' value='1'/>\
            <param name='CodecPrivateData' value='000000016'/></video>";
        assert_eq!(one(body).unwrap().level.private_data, [0, 0, 0, 1]);
        assert!(one(&body.replace("0016", "00zz")).is_err());
    }

    #[test]
    fn other_documents_and_too_many_tracks_are_refused() {
        assert!(read(b"<html/>", &Limits::default()).is_err());
        let tracks = "<video systemBitrate='1'><param name='trackID' value='1'/></video>".repeat(3);
        let text = format!("<smil><body>{tracks}</body></smil>");
        let limits = Limits { streams: 2, ..Limits::default() };
        assert_eq!(read(text.as_bytes(), &limits), Err(Error::Limit { what: "streams", max: 2 }));
    }

    #[test]
    fn what_is_written_is_read() {
        let mut caption = Track::new(5, Kind::Text);
        caption.name = "caps \"<&".into();
        caption.parent = Some("video".into());
        caption.subtype = "CAPT".into();
        caption.language = "de".into();
        caption.manifest_output = true;
        caption.timescale = Timescale::new(90_000).unwrap();
        let mut video = Track::new(1, Kind::Video);
        video.display_width = 3;
        video.display_height = 4;
        video.level = QualityLevel {
            index: 0,
            bitrate: 300_000,
            fourcc: "H264".into(),
            private_data: vec![0, 0, 0, 1, 0x67],
            width: 640,
            height: 360,
            sampling_rate: 1,
            channels: 2,
            bits_per_sample: 16,
            packet_size: 4,
            audio_tag: 255,
            nal_length: 2,
            custom_attributes: vec![("hardwareProfile".into(), "1".into()), ("a_b".into(), "c".into())],
        };
        video.protection = vec![
            ProtectionHeader { system_id: [1; 16], data: vec![2, 3] },
            ProtectionHeader { system_id: [4; 16], data: Vec::new() },
        ];
        let manifest = LiveServerManifest { tracks: vec![caption, video] };
        assert_eq!(read(write(&manifest).as_bytes(), &Limits::default()), Ok(manifest));
    }
}
