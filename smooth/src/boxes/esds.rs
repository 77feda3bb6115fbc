//! `esds`, ISO/IEC 14496-14 5.6, and its descriptors, ISO/IEC 14496-1 7.2.6.

use super::cursor::{Cursor, Writer};
use crate::error::Error;

/// Object type indication: MPEG-4 audio.
pub(super) const MPEG4_AUDIO: u8 = 0x40;

const ES: u8 = 3;
const DECODER_CONFIG: u8 = 4;
const DECODER_SPECIFIC: u8 = 5;
const SL_CONFIG: u8 = 6;

/// What an `esds` says.
pub(super) struct Esds<'a> {
    pub(super) object_type: u8,
    /// Average (else maximum) bits per second.
    pub(super) bitrate: u32,
    /// The AudioSpecificConfig; empty if there is none.
    pub(super) config: &'a [u8],
}

/// Reads the payload of the box.
pub(super) fn read(payload: &[u8]) -> Result<Esds<'_>, Error> {
    let mut fields = Cursor::new(payload, "esds");
    fields.version();
    let mut es = descriptor(&mut fields, ES)?;
    es.u16();
    let flags = es.u8();
    if flags & 0x80 != 0 {
        es.u16();
    }
    if flags & 0x40 != 0 {
        let len = es.u8();
        es.take(len.into());
    }
    if flags & 0x20 != 0 {
        es.u16();
    }
    let mut decoder = descriptor(&mut es, DECODER_CONFIG)?;
    let object_type = decoder.u8();
    decoder.take(4);
    let (max, average) = (decoder.u32(), decoder.u32());
    decoder.end()?;
    let config = match descriptor(&mut decoder, DECODER_SPECIFIC) {
        Ok(config) => config.rest(),
        Err(_) => &[],
    };
    Ok(Esds { object_type, bitrate: if average == 0 { max } else { average }, config })
}

/// The payload of the next descriptor, which must have `tag`.
fn descriptor<'a>(fields: &mut Cursor<'a>, tag: u8) -> Result<Cursor<'a>, Error> {
    let found = fields.u8();
    fields.end()?;
    if found != tag {
        return Err(Error::Invalid { what: "esds", rule: "the order of descriptors" });
    }
    let mut len = 0_usize;
    for _ in 0..4 {
        let byte = fields.u8();
        len = len << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    let payload = fields.take(len);
    fields.end()?;
    Ok(Cursor::new(payload, "esds"))
}

/// Writes the box around an AudioSpecificConfig of any length.
pub(super) fn put(asc: &[u8], out: &mut Writer) {
    let len = asc.len();
    let specific = descriptor_len(len);
    let decoder = descriptor_len(specific.saturating_add(13));
    let at = out.open_full(*b"esds", 0, 0);
    put_descriptor(ES, decoder.saturating_add(3).saturating_add(3), out);
    out.u16(1); // ES id
    out.u8(0);
    put_descriptor(DECODER_CONFIG, specific.saturating_add(13), out);
    out.u8(MPEG4_AUDIO);
    out.u8(0x15); // audio stream
    out.zeros(11); // buffer size, bitrates: unknown
    put_descriptor(DECODER_SPECIFIC, len, out);
    out.put(asc);
    out.put(&[SL_CONFIG, 1, 2]);
    out.close(at);
}

/// Bytes of a descriptor whose payload has `len`.
const fn descriptor_len(len: usize) -> usize {
    len.saturating_add(if len < 0x80 { 2 } else { 5 })
}

/// Tag and length: one byte of seven bits, or four of them.
fn put_descriptor(tag: u8, len: usize, out: &mut Writer) {
    out.u8(tag);
    if len >= 0x80 {
        for shift in [21, 14, 7] {
            out.u8(0x80 | (len >> shift & 0x7f) as u8);
        }
    }
    out.u8((len & 0x7f) as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boxes::tests::hex;

    #[test]
    fn configs_of_any_length_are_read_back() {
        for len in [0, 1, 2, 5, 100, 112, 113, 127, 128, 1000] {
            let asc = vec![7; len];
            let mut out = Writer::default();
            put(&asc, &mut out);
            let bytes = out.finish();
            assert_eq!(read(&bytes[8..]).unwrap().config, asc);
        }
        let mut out = Writer::default();
        put(&hex("1190"), &mut out);
        // As in the reference, but for the bitrates.
        let expected =
            "00000027 65736473 00000000 0319 0001 00 0411 40 15 000000 00000000 00000000 0502 1190 060102";
        assert_eq!(out.finish(), hex(expected));
    }

    #[test]
    fn ffmpeg_writes_long_lengths() {
        let bytes = hex(
            "00000000 03808080250004000480808017 4015000000 0000fa00 0000fa00 05808080 05119056e500 068080800102",
        );
        let esds = read(&bytes).unwrap();
        assert_eq!((esds.object_type, esds.bitrate, esds.config), (0x40, 64_000, &hex("119056e500")[..]));
    }
}
