//! Program association and program map, ITU-T H.222.0 2.4.4.

use super::Program;

pub(super) const PAT_PID: u16 = 0;
pub(super) const PMT_PID: u16 = 0x1000;
pub(super) const VIDEO_PID: u16 = 0x100;
pub(super) const AUDIO_PID: u16 = 0x101;

/// The one program, and where its map is.
pub(super) fn pat() -> Vec<u8> {
    let [high, low] = PMT_PID.to_be_bytes();
    section(0, &[0, 1, 0xe0 | high, low])
}

/// The streams of the program.
pub(super) fn pmt(program: &Program) -> Vec<u8> {
    let clock = if program.video.is_some() { VIDEO_PID } else { AUDIO_PID };
    let [high, low] = clock.to_be_bytes();
    let mut body = vec![0xe0 | high, low, 0xf0, 0];
    if program.video.is_some() {
        stream(&mut body, 0x1b, VIDEO_PID, &[]);
    }
    if let Some(audio) = &program.audio {
        let language = match *audio.language.as_bytes() {
            [a, b, c] => vec![0x0a, 4, a, b, c, 0], // ISO_639_language_descriptor
            _ => Vec::new(),
        };
        stream(&mut body, 0x0f, AUDIO_PID, &language);
    }
    section(2, &body)
}

fn stream(body: &mut Vec<u8>, kind: u8, pid: u16, descriptors: &[u8]) {
    let [high, low] = pid.to_be_bytes();
    body.extend_from_slice(&[kind, 0xe0 | high, low, 0xf0, descriptors.len() as u8]);
    body.extend_from_slice(descriptors);
}

/// A table of one section: of program or transport stream 1, version 0, valid now.
fn section(table: u8, body: &[u8]) -> Vec<u8> {
    let len = (5 + body.len() + 4) as u8;
    let mut out = vec![table, 0xb0, len, 0, 1, 0xc1, 0, 0];
    out.extend_from_slice(body);
    let crc = crc32(&out);
    out.extend_from_slice(&crc.to_be_bytes());
    out
}

/// CRC of annex A: polynomial 0x04c11db7, most significant bit first, from all ones. Two small tables per
/// segment need no lookup.
fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| {
            crc << 1 ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_crc() {
        assert_eq!(crc32(b"123456789"), 0x0376_e6e7);
        let pat = pat();
        // Over a section with its CRC it is zero.
        assert_eq!(crc32(&pat), 0);
        assert_eq!(pat[..12], [0, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xf0, 0]);
    }
}
