//! Protected content: what the `ProtectionHeader` of a manifest says.
//!
//! Key ids are kept as Common Encryption writes them. Microsoft writes a key id as a GUID, whose first three
//! numbers are little-endian: [`swapped`] turns one into the other.

#![warn(clippy::indexing_slicing)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub mod playready;

use crate::boxes::encryption::Key;
use crate::limits::Limits;
use crate::manifest::ProtectionHeader;

/// System id of PlayReady.
pub const PLAYREADY: [u8; 16] = 0x9a04f079_9840_4286_ab92_e65be0885f95_u128.to_be_bytes();
/// System id of Widevine.
pub const WIDEVINE: [u8; 16] = 0xedef8ba9_79d6_4ace_a3c8_27dcd51d21ed_u128.to_be_bytes();

/// What the tracks of a presentation are encrypted with by default, as far as `headers` tell: the first key of
/// the first PlayReady header that can be read, else a key id of zeros. Initialisation vectors have 8 bytes, as
/// PIFF 1.1 demands.
#[must_use]
pub fn key(headers: &[ProtectionHeader], limits: &Limits) -> Key {
    let mut found = headers.iter().filter(|header| header.system_id == PLAYREADY).filter_map(|header| {
        let header = playready::read(&header.data, limits).ok()?;
        header.keys.first().map(|key| key.id)
    });
    Key { id: found.next().unwrap_or_default(), iv_size: 8 }
}

/// A key id in the other of its two orders.
#[must_use]
pub const fn swapped(id: [u8; 16]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = id;
    let [i, j, k, l, m, n, o, p] = rest;
    [d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p]
}

/// What Widevine needs to know of a key: its `WidevinePsshData` with the algorithm (1, AES-CTR) and the id.
#[must_use]
pub fn widevine(key_id: [u8; 16]) -> Vec<u8> {
    [&[0x08, 1, 0x12, 16][..], &key_id].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::hex_decode;

    #[test]
    fn a_key_id_in_both_orders() {
        let id = 0x0123abcd_4567_89ef_8877_665544332211_u128.to_be_bytes();
        assert_eq!(swapped(id)[..], hex_decode("cdab2301 6745 ef89 8877665544332211").unwrap());
        assert_eq!(swapped(swapped(id)), id);
        assert_eq!(widevine(id)[..], hex_decode("08011210 0123abcd456789ef8877665544332211").unwrap());
    }
}
