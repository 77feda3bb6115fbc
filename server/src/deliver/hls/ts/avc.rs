//! Access units as a byte stream, ITU-T H.264 annex B, as H.222.0 2.14.1 wants them: a delimiter first,
//! parameter sets before every picture that decoding can start with.

use super::{Error, Picture, Video};

/// One access unit, measured.
pub(super) struct Unit<'a> {
    data: &'a [u8],
    nal_length: u8,
    /// Written behind the delimiter.
    parameter_sets: &'a [u8],
    is_sync: bool,
    len: usize,
}

impl<'a> Unit<'a> {
    pub(super) fn read(picture: &Picture<'a>, video: &'a Video) -> Result<Self, Error> {
        let (mut is_sync, mut has_sets, mut len) = (picture.sync, false, DELIMITER.len());
        for unit in units(picture.data, video.nal_length) {
            let unit = unit?;
            is_sync |= kind(unit) == IDR;
            has_sets |= kind(unit) == SPS;
            len += START_CODE.len() + unit.len();
        }
        let parameter_sets = if is_sync && !has_sets { video.parameter_sets.as_slice() } else { &[] };
        len += parameter_sets.len();
        Ok(Self { data: picture.data, nal_length: video.nal_length, parameter_sets, is_sync, len })
    }

    pub(super) const fn is_sync(&self) -> bool {
        self.is_sync
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Gives its bytes to `put`, piece by piece.
    pub(super) fn write(&self, mut put: impl FnMut(&[u8])) {
        put(&DELIMITER);
        put(self.parameter_sets);
        // All of them were read once.
        for unit in units(self.data, self.nal_length).flatten() {
            put(&START_CODE);
            put(unit);
        }
    }
}

/// The NAL units of a sample, without empty ones and delimiters of its own.
fn units(data: &[u8], nal_length: u8) -> impl Iterator<Item = Result<&[u8], Error>> {
    let mut rest = data;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let cut = |rest: &mut &[u8]| {
                *rest = &[];
                Some(Err(Error::NalUnit))
            };
            let Some((len, after)) = rest.split_at_checked(nal_length.into()) else { return cut(&mut rest) };
            let len = len.iter().fold(0, |len, &byte| len << 8 | usize::from(byte));
            let Some((unit, after)) = after.split_at_checked(len) else { return cut(&mut rest) };
            rest = after;
            if !unit.is_empty() && kind(unit) != DELIMITER_KIND {
                return Some(Ok(unit));
            }
        }
        None
    })
}

/// `nal_unit_type`
fn kind(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |header| header & 0x1f)
}

const IDR: u8 = 5;
const SPS: u8 = 7;
const DELIMITER_KIND: u8 = 9;

const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// An access unit delimiter that allows pictures of every kind.
const DELIMITER: [u8; 6] = [0, 0, 0, 1, 0x09, 0xf0];
