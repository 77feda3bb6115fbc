//! The init segment of one track, ISO/IEC 14496-12 8 and, as a CMAF header, ISO/IEC 23000-19 7.3: what a
//! `SourceBuffer` gets before fragments.
//!
//! ```text
//! ftyp
//! moov
//!   mvhd
//!   trak
//!     tkhd
//!     mdia
//!       mdhd, hdlr
//!       minf
//!         vmhd | smhd | sthd
//!         dinf (dref (url ))
//!         stbl: stsd (avc1 | hvc1 | mp4a | ec-3 | stpp | encv | enca), stts, stsc, stsz, stco
//!   mvex (trex)
//!   pssh …
//! ```

use super::cursor::Writer;
use super::encryption::{self, Key};
use super::esds;
use super::uuid::PIFF_TRACK_ENCRYPTION;
use crate::codec::Codec;
use crate::manifest::{Kind, ProtectionHeader};
use crate::time::Timescale;

/// The id of the only track of an init segment.
pub const TRACK_ID: u32 = 1;

/// What an init segment describes.
#[derive(Clone, Copy, Debug)]
pub struct Track<'a> {
    /// Ticks per second of the stream's fragments.
    pub timescale: Timescale,
    /// What it is coded with.
    pub codec: &'a Codec,
    /// ISO 639-2 code of three letters; anything else is written as `und`.
    pub language: &'a str,
    /// How the samples are encrypted, if they are.
    pub protection: Option<Protection<'a>>,
}

/// Encryption of a track with AES in counter mode.
#[derive(Clone, Copy, Debug)]
pub struct Protection<'a> {
    /// What samples are encrypted with, where fragments do not say otherwise.
    pub key: Key,
    /// Where licences come from.
    pub systems: &'a [ProtectionHeader],
    /// As PIFF 1.1 writes it, and not as Common Encryption (scheme `cenc`, ISO/IEC 23001-7).
    pub piff: bool,
}

/// Builds the init segment of `track`.
#[must_use]
pub fn segment(track: &Track<'_>) -> Vec<u8> {
    let mut out = Writer::with_capacity(1024);
    put_ftyp(&mut out);
    let moov = out.open(*b"moov");
    put_mvhd(track.timescale, TRACK_ID.saturating_add(1), &mut out);
    put_trak(track, TRACK_ID, &mut out);
    let at = out.open(*b"mvex");
    put_trex(TRACK_ID, &mut out);
    out.close(at);
    put_systems(track.protection, &mut out);
    out.close(moov);
    out.finish()
}

/// The boxes of the protection systems, in `moov`.
pub(super) fn put_systems(protection: Option<Protection<'_>>, out: &mut Writer) {
    if let Some(protection) = protection {
        for header in protection.systems {
            encryption::put_system(header, protection.piff, out);
        }
    }
}

pub(super) fn put_ftyp(out: &mut Writer) {
    let at = out.open(*b"ftyp");
    out.put(b"iso6\0\0\0\0iso6isommsdhdashcmfc");
    out.close(at);
}

/// The identity transformation.
fn put_matrix(out: &mut Writer) {
    for value in [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000] {
        out.u32(value);
    }
}

pub(super) fn put_mvhd(timescale: Timescale, next_track_id: u32, out: &mut Writer) {
    let at = out.open_full(*b"mvhd", 0, 0);
    out.zeros(8); // creation and modification time
    out.u32(timescale.get());
    out.u32(0); // duration: in fragments
    out.u32(0x1_0000); // rate 1.0
    out.u16(0x100); // volume 1.0
    out.zeros(10);
    put_matrix(out);
    out.zeros(24);
    out.u32(next_track_id);
    out.close(at);
}

pub(super) fn put_trex(track_id: u32, out: &mut Writer) {
    let at = out.open_full(*b"trex", 0, 0);
    out.u32(track_id);
    out.u32(1); // sample description index
    out.zeros(12); // duration, size, flags: each fragment says
    out.close(at);
}

pub(super) fn put_trak(track: &Track<'_>, id: u32, out: &mut Writer) {
    let kind = track.codec.kind();
    let trak = out.open(*b"trak");
    put_tkhd(kind, picture(track.codec), id, out);
    let mdia = out.open(*b"mdia");
    put_mdhd(track.timescale, track.language, out);
    put_hdlr(
        match kind {
            Kind::Video => b"vide",
            Kind::Audio => b"soun",
            Kind::Text => b"subt",
        },
        out,
    );
    let minf = out.open(*b"minf");
    let (media_header, flags, payload) = match kind {
        Kind::Video => (*b"vmhd", 1, 8),
        Kind::Audio => (*b"smhd", 0, 4),
        Kind::Text => (*b"sthd", 0, 0),
    };
    let at = out.open_full(media_header, 0, flags);
    out.zeros(payload);
    out.close(at);
    put_dinf(out);
    let stbl = out.open(*b"stbl");
    let stsd = out.open_full(*b"stsd", 0, 0);
    out.u32(1);
    put_sample_entry(track, out);
    out.close(stsd);
    put_empty_tables(out);
    out.close(stbl);
    out.close(minf);
    out.close(mdia);
    out.close(trak);
}

pub(super) fn put_tkhd(kind: Kind, (width, height): (u32, u32), id: u32, out: &mut Writer) {
    let at = out.open_full(*b"tkhd", 0, 3); // enabled, in movie
    out.zeros(8);
    out.u32(id);
    out.zeros(4);
    out.u32(0); // duration: in fragments
    out.zeros(8);
    out.zeros(4); // layer, alternate group
    out.u16(if kind == Kind::Audio { 0x100 } else { 0 });
    out.zeros(2);
    put_matrix(out);
    out.u32(width << 16);
    out.u32(height << 16);
    out.close(at);
}

pub(super) fn put_mdhd(timescale: Timescale, language: &str, out: &mut Writer) {
    let at = out.open_full(*b"mdhd", 0, 0);
    out.zeros(8);
    out.u32(timescale.get());
    out.u32(0);
    out.u16(packed_language(language));
    out.zeros(2);
    out.close(at);
}

pub(super) fn put_hdlr(handler: &[u8; 4], out: &mut Writer) {
    let at = out.open_full(*b"hdlr", 0, 0);
    out.zeros(4);
    out.put(handler);
    out.zeros(12);
    out.put(b"\0"); // no name
    out.close(at);
}

pub(super) fn put_dinf(out: &mut Writer) {
    let dinf = out.open(*b"dinf");
    let dref = out.open_full(*b"dref", 0, 0);
    out.u32(1);
    let at = out.open_full(*b"url ", 0, 1); // the media is in this very file
    out.close(at);
    out.close(dref);
    out.close(dinf);
}

/// The tables after the sample description: samples are in fragments.
pub(super) fn put_empty_tables(out: &mut Writer) {
    for (kind, payload) in [(*b"stts", 4), (*b"stsc", 4), (*b"stsz", 8), (*b"stco", 4)] {
        let at = out.open_full(kind, 0, 0);
        out.zeros(payload);
        out.close(at);
    }
}

fn put_sample_entry(track: &Track<'_>, out: &mut Writer) {
    let codec = track.codec;
    let original = match codec {
        Codec::Avc(_) => *b"avc1",
        Codec::Hevc(_) => *b"hvc1",
        Codec::Aac(_) => *b"mp4a",
        Codec::Ec3(_) => *b"ec-3",
        Codec::Ttml => *b"stpp",
    };
    let written = match (track.protection, codec.kind()) {
        (Some(_), Kind::Video) => *b"encv",
        (Some(_), Kind::Audio) => *b"enca",
        _ => original,
    };
    let entry = out.open(written);
    out.zeros(6);
    out.u16(1); // data reference index
    match codec {
        Codec::Avc(config) => {
            put_visual(config.width, config.height, out);
            put_child(*b"avcC", &config.record(), out);
        }
        Codec::Hevc(config) => {
            put_visual(config.width, config.height, out);
            put_child(*b"hvcC", &config.record(), out);
        }
        Codec::Aac(config) => {
            put_audio(config.channels, config.sampling_rate, out);
            esds::put(&config.asc, out);
        }
        Codec::Ec3(config) => {
            put_audio(config.channels, config.sampling_rate, out);
            put_child(*b"dec3", &config.dec3, out);
        }
        // Namespace, no schema location, no auxiliary mime types; each ends in a zero.
        Codec::Ttml => out.put(b"http://www.w3.org/ns/ttml\0\0\0"),
    }
    if let Some(protection) = track.protection.filter(|_| codec.kind() != Kind::Text) {
        put_protection(&protection, original, out);
    }
    out.close(entry);
}

fn put_child(kind: [u8; 4], payload: &[u8], out: &mut Writer) {
    let at = out.open(kind);
    out.put(payload);
    out.close(at);
}

/// The fields of a visual sample entry after those of every entry.
fn put_visual(width: u32, height: u32, out: &mut Writer) {
    out.zeros(16);
    out.u16(u16::try_from(width).unwrap_or(0));
    out.u16(u16::try_from(height).unwrap_or(0));
    out.u32(0x48_0000); // 72 dpi
    out.u32(0x48_0000);
    out.zeros(4);
    out.u16(1); // frames per sample
    out.zeros(32); // no compressor name
    out.u16(0x18); // depth
    out.u16(0xffff);
}

/// The fields of an audio sample entry after those of every entry.
fn put_audio(channels: u16, rate: u32, out: &mut Writer) {
    out.zeros(8);
    out.u16(channels);
    out.u16(16);
    out.zeros(4);
    // 16.16 fixed point has no room above 65535 Hz; decoders read the config.
    out.u32(u16::try_from(rate).map_or(0, |rate| u32::from(rate) << 16));
}

/// `sinf`, ISO/IEC 14496-12 8.12, with `tenc`, ISO/IEC 23001-7 8.2, or its ancestor: PIFF has the algorithm,
/// AES-CTR, where `tenc` says that samples are encrypted.
fn put_protection(protection: &Protection<'_>, original: [u8; 4], out: &mut Writer) {
    let sinf = out.open(*b"sinf");
    put_child(*b"frma", &original, out);
    let (scheme, version) = if protection.piff { (b"piff", 0x1_0001) } else { (b"cenc", 0x1_0000) };
    let at = out.open_full(*b"schm", 0, 0);
    out.put(scheme);
    out.u32(version);
    out.close(at);
    let schi = out.open(*b"schi");
    let at = if protection.piff {
        out.open_uuid(PIFF_TRACK_ENCRYPTION, 0, 0)
    } else {
        out.open_full(*b"tenc", 0, 0)
    };
    encryption::put_key(Some(protection.key), out);
    out.close(at);
    out.close(schi);
    out.close(sinf);
}

const fn picture(codec: &Codec) -> (u32, u32) {
    match codec {
        Codec::Avc(config) => (config.width, config.height),
        Codec::Hevc(config) => (config.width, config.height),
        _ => (0, 0),
    }
}

/// Three letters of five bits each, ISO/IEC 14496-12 8.4.2.
fn packed_language(language: &str) -> u16 {
    let letters = match language.as_bytes() {
        &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_alphabetic) => [a, b, c],
        _ => *b"und",
    };
    letters.iter().fold(0, |packed, letter| packed << 5 | u16::from(letter & 0x1f))
}
