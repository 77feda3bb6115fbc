//! Fragments and init segments: read, rewrite, build.
//!
//! Own code over borrowed bytes: what a fragment needs is small, and a player must not carry a whole
//! box library.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`walk()`] | boxes one after the other, checked against the bytes that are there |
//! | [`read_head`] | the facts of a `moof` |
//! | [`uuid`] | `tfxd`, `tfrf` and the extended types |
//! | [`delivery`] | a `moof` as the origin serves it |
//! | [`mse`] | a `moof` as Media Source Extensions wants it |
//! | [`cmaf`] | a `moof` as CMAF wants it |
//! | [`wvtt`] | captions as a track of WebVTT cues |
//! | [`key_frames`] | the key frames of a fragment alone |
//! | [`init`] | the init segment of one track |
//! | [`moov`] | the tracks of a push stream or file |
//! | [`encryption`] | PIFF's encryption as Common Encryption |
//! | [`build`] | fragments and header of a push stream |
//! | [`mfra`] | the index at the end of a file of fragments |

#![warn(clippy::indexing_slicing)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub mod build;
pub mod cmaf;
pub(crate) mod cursor;
pub mod delivery;
pub mod encryption;
mod esds;
mod head;
pub mod init;
pub mod key_frames;
pub mod mfra;
mod moof;
pub mod moov;
pub mod mse;
mod rewrite;
pub mod uuid;
mod walk;
pub mod wvtt;

pub use head::{FragmentHead, read_head};
pub use uuid::{Tfrf, Tfxd};
pub use walk::{Box, Header, Walk, walk};

#[cfg(test)]
pub(crate) mod tests {
    /// Bytes from hex digits; blanks are skipped.
    pub(crate) fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<_> = text.chars().filter_map(|c| c.to_digit(16)).collect();
        digits.chunks(2).map(|d| u8::try_from(d[0] << 4 | d[1]).unwrap()).collect()
    }

    /// A box around `payload`.
    pub(crate) fn sized(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
        let size = u32::try_from(payload.len() + 8).unwrap();
        [&size.to_be_bytes(), &kind[..], payload].concat()
    }

    /// A full box around `payload`.
    pub(crate) fn full(kind: &[u8; 4], version: u8, flags: u32, payload: &[u8]) -> Vec<u8> {
        let flags = flags.to_be_bytes();
        sized(kind, &[&[version], &flags[1..], payload].concat())
    }

    /// Sequence 7, track 2, samples of 900, 120 and 130 bytes of 333,333 ticks, two fragments ahead.
    #[allow(non_snake_case, reason = "stands for a constant")]
    pub(crate) fn REFERENCE_MOOF() -> Vec<u8> {
        hex(concat!(
            "000000cd6d6f6f66000000106d6668640000000000000007000000b5747261660000001474666864",
            "0000002000000002010100000000",
            "00307472756e0000030500000003000000d50200000000051615000003840005161500000078",
            "0005161500000082",
            "0000002c757569646d1d9b0542d544e680e2141daff757b201000000",
            "000000000f7f49000000000001312d00",
            "0000003d75756964d4807ef2ca3946958e5426cb9e46a79f0100000002",
            "0000000010b076000000000001312d000000000011e1a3000000000001312d00",
        ))
    }
}
