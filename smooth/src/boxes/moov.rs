//! The tracks of a `moov`, ISO/IEC 14496-12 8, in the terms of a Smooth Streaming manifest: for push
//! streams without a live server manifest, and for files that are pushed.

use super::cursor::Cursor;
use super::encryption::read_system;
use super::esds;
use super::uuid::PIFF_SYSTEM;
use super::walk::{Box, find, walk};
use crate::codec::{aac, avc, ec3, hevc};
use crate::error::Error;
use crate::limits::Limits;
use crate::manifest::{Kind, ProtectionHeader};
use crate::time::Timescale;

/// A track of a movie header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Track id, as in the `tfhd` of its fragments.
    pub id: u32,
    /// What it carries.
    pub kind: Kind,
    /// Ticks per second of its samples.
    pub timescale: Timescale,
    /// ISO 639-2 code of three letters, often `und`.
    pub language: String,
    /// The FourCC of the manifest (`H264`, `HVC1`, `AACL`, `AACH`, `AACP`, `EC-3`, `TTML`); for other
    /// codecs the type of the sample entry in upper case.
    pub fourcc: String,
    /// `CodecPrivateData`; empty for codecs that we do not know.
    pub private_data: Vec<u8>,
    /// Bytes of the length before each NAL unit; 4 where there are none.
    pub nal_length: u16,
    /// Width in pixels; 0 if not video.
    pub width: u32,
    /// Height in pixels; 0 if not video.
    pub height: u32,
    /// Channels; 0 if not audio.
    pub channels: u16,
    /// Samples per second; 0 if not audio.
    pub sampling_rate: u32,
    /// Average (else maximum) bits per second, from `btrt` or `esds`; 0 if unknown.
    pub bitrate: u32,
    /// Whether its samples may be encrypted: the sample entry says under which scheme (`sinf`).
    pub is_encrypted: bool,
}

/// Reads the tracks of `moov` (the whole box). Tracks that are neither video, audio nor text are left
/// out.
///
/// # Errors
///
/// [`Error::Incomplete`] if a box is cut short, [`Error::Invalid`] if a track lacks a box that the format
/// demands, [`Error::Limit`] for more tracks than `streams` of `limits`.
pub fn read(moov: &[u8], limits: &Limits) -> Result<Vec<Track>, Error> {
    let moov = walk(moov).next().ok_or(Error::Incomplete { what: "moov" })??;
    if moov.kind != *b"moov" {
        return Err(Error::Invalid { what: "moov", rule: "another box stands in its place" });
    }
    let mut tracks = Vec::new();
    for child in walk(moov.payload) {
        let child = child?;
        if child.kind != *b"trak" {
            continue;
        }
        if tracks.len() >= limits.streams {
            return Err(Error::Limit { what: "streams", max: limits.streams as u64 });
        }
        tracks.extend(read_trak(child.payload)?);
    }
    Ok(tracks)
}

/// The headers of protection systems in `moov` (the whole box): `pssh`, or as PIFF has them.
///
/// # Errors
///
/// [`Error::Incomplete`] if a box is cut short, [`Error::Limit`] for more than `streams` of `limits`.
pub fn read_protection(moov: &[u8], limits: &Limits) -> Result<Vec<ProtectionHeader>, Error> {
    let mut found = Vec::new();
    let moov = walk(moov).next().ok_or(Error::Incomplete { what: "moov" })??;
    for child in walk(moov.payload) {
        let child = child?;
        if child.kind == *b"pssh" || child.is(PIFF_SYSTEM) {
            if found.len() >= limits.streams {
                return Err(Error::Limit { what: "streams", max: limits.streams as u64 });
            }
            found.push(read_system(child.payload)?);
        }
    }
    Ok(found)
}

/// The child of type `kind`, which must be there.
fn demand<'a>(data: &'a [u8], kind: [u8; 4], rule: &'static str) -> Result<&'a [u8], Error> {
    let found = find(data, kind)?.ok_or(Error::Invalid { what: "trak", rule })?;
    Ok(found.payload)
}

fn read_trak(trak: &[u8]) -> Result<Option<Track>, Error> {
    let mut tkhd = Cursor::new(demand(trak, *b"tkhd", "no tkhd")?, "tkhd");
    let (version, _) = tkhd.version();
    tkhd.take(if version == 0 { 8 } else { 16 });
    let id = tkhd.u32();
    tkhd.end()?;

    let mdia = demand(trak, *b"mdia", "no mdia")?;
    let mut mdhd = Cursor::new(demand(mdia, *b"mdhd", "no mdhd")?, "mdhd");
    let (version, _) = mdhd.version();
    mdhd.take(if version == 0 { 8 } else { 16 });
    let timescale = mdhd.u32();
    mdhd.uint(version > 0);
    let language = unpack_language(mdhd.u16());
    mdhd.end()?;
    let timescale = Timescale::new(timescale.into())
        .ok_or(Error::Invalid { what: "mdhd", rule: "the timescale is zero" })?;

    let mut hdlr = Cursor::new(demand(mdia, *b"hdlr", "no hdlr")?, "hdlr");
    hdlr.take(8);
    let handler = hdlr.array();
    hdlr.end()?;
    let kind = match &handler {
        b"vide" => Kind::Video,
        b"soun" => Kind::Audio,
        b"text" | b"subt" | b"sbtl" => Kind::Text,
        _ => return Ok(None),
    };
    let minf = demand(mdia, *b"minf", "no minf")?;
    let stbl = demand(minf, *b"stbl", "no stbl")?;
    let mut stsd = Cursor::new(demand(stbl, *b"stsd", "no stsd")?, "stsd");
    stsd.take(8);
    stsd.end()?;
    let entry =
        walk(stsd.rest()).next().ok_or(Error::Invalid { what: "stsd", rule: "no sample entry" })??;
    let mut track = Track {
        id,
        kind,
        timescale,
        language,
        fourcc: String::new(),
        private_data: Vec::new(),
        nal_length: 4,
        width: 0,
        height: 0,
        channels: 0,
        sampling_rate: 0,
        bitrate: 0,
        is_encrypted: false,
    };
    track.read_entry(&entry)?;
    Ok(Some(track))
}

impl Track {
    fn read_entry(&mut self, entry: &Box<'_>) -> Result<(), Error> {
        let mut fields = Cursor::new(entry.payload, "stsd");
        fields.take(8);
        match self.kind {
            Kind::Video => {
                fields.take(16);
                (self.width, self.height) = (fields.u16().into(), fields.u16().into());
                fields.take(50);
            }
            Kind::Audio => {
                let version = fields.u16();
                fields.take(6);
                self.channels = fields.u16();
                fields.take(6);
                self.sampling_rate = fields.u32() >> 16;
                // QuickTime's longer sound descriptions.
                fields.take(match version {
                    1 => 16,
                    2 => 36,
                    _ => 0,
                });
            }
            Kind::Text => {
                fields.end()?;
                self.fourcc = if entry.kind == *b"stpp" { String::from("TTML") } else { upper(entry.kind) };
                return Ok(());
            }
        }
        fields.end()?;
        let (mut codec, mut config) = (entry.kind, None);
        for child in walk(fields.rest()) {
            // What follows the config matters little, and QuickTime pads with zeros.
            let Ok(child) = child else { break };
            match &child.kind {
                b"avcC" | b"hvcC" | b"esds" | b"dec3" => config = Some(child.payload),
                b"btrt" => self.read_btrt(child.payload)?,
                b"sinf" => {
                    self.is_encrypted = true;
                    if let Some(frma) = find(child.payload, *b"frma")? {
                        let mut fields = Cursor::new(frma.payload, "frma");
                        codec = fields.array();
                        fields.end()?;
                    }
                }
                _ => {}
            }
        }
        self.fourcc = upper(codec);
        if let Some(config) = config {
            self.read_config(codec, config)?;
        }
        Ok(())
    }

    fn read_config(&mut self, codec: [u8; 4], config: &[u8]) -> Result<(), Error> {
        const BAD: Error = Error::Invalid { what: "stsd", rule: "the decoder configuration" };
        match &codec {
            b"avc1" | b"avc2" | b"avc3" | b"avc4" => {
                let config = avc::Config::read_record(config).ok_or(BAD)?;
                self.take_picture("H264", config.private_data(), config.nal_length);
            }
            b"hvc1" | b"hev1" => {
                let config = hevc::Config::read_record(config).ok_or(BAD)?;
                self.take_picture("HVC1", config.private_data(), config.nal_length);
            }
            b"mp4a" => {
                let esds = esds::read(config)?;
                if esds.object_type != esds::MPEG4_AUDIO {
                    return Ok(());
                }
                if self.bitrate == 0 {
                    self.bitrate = esds.bitrate;
                }
                let config = aac::Config::read_asc(esds.config).ok_or(BAD)?;
                self.fourcc = String::from(match config.object_type {
                    aac::SBR => "AACH",
                    aac::PS => "AACP",
                    _ => "AACL",
                });
                self.sampling_rate = config.sampling_rate;
                self.channels = config.channels;
                self.private_data = config.asc;
            }
            b"ec-3" => {
                let config = ec3::Config::read(config, self.channels, self.sampling_rate).ok_or(BAD)?;
                self.channels = config.channels;
                self.private_data = config.private_data();
            }
            _ => {}
        }
        Ok(())
    }

    fn take_picture(&mut self, fourcc: &str, private_data: Vec<u8>, nal_length: u8) {
        self.fourcc = String::from(fourcc);
        self.private_data = private_data;
        self.nal_length = nal_length.into();
    }

    fn read_btrt(&mut self, payload: &[u8]) -> Result<(), Error> {
        let mut fields = Cursor::new(payload, "btrt");
        fields.u32();
        let (max, average) = (fields.u32(), fields.u32());
        fields.end()?;
        self.bitrate = if average == 0 { max } else { average };
        Ok(())
    }
}

fn upper(kind: [u8; 4]) -> String {
    kind.iter().map(|byte| char::from(byte.to_ascii_uppercase())).collect()
}

/// Three letters of five bits each; `und` for QuickTime's numbers.
fn unpack_language(packed: u16) -> String {
    let letters = [packed >> 10, packed >> 5, packed].map(|letter| (letter & 0x1f) as u8 | 0x60);
    if letters.iter().all(u8::is_ascii_lowercase) {
        letters.map(char::from).iter().collect()
    } else {
        String::from("und")
    }
}
