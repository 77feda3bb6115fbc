//! AES in counter mode as scheme `cenc` uses it, ISO/IEC 23001-7 9.

use aes::Aes128;
use ctr::Ctr64BE;
use ctr::cipher::{KeyIvInit, StreamCipher};

/// Encrypts the parts of `sample` that `subsamples` say, or all of it. The counter runs on from part to part.
pub(super) fn apply(key: &[u8; 16], iv: [u8; 8], sample: &mut [u8], subsamples: &[(u16, u32)]) {
    let mut block = [0; 16];
    block[..8].copy_from_slice(&iv);
    let mut cipher = Ctr64BE::<Aes128>::new(key.into(), &block.into());
    if subsamples.is_empty() {
        return cipher.apply_keystream(sample);
    }
    let mut rest = sample;
    for &(clear, encrypted) in subsamples {
        let Some((_, after)) = rest.split_at_mut_checked(clear.into()) else { return };
        let Some((part, after)) = after.split_at_mut_checked(encrypted as usize) else { return };
        cipher.apply_keystream(part);
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes::cipher::{BlockEncrypt, KeyInit};

    /// The definition: each block of the key stream is the encrypted counter.
    fn key_stream(key: [u8; 16], iv: [u8; 8], blocks: u64) -> Vec<u8> {
        let aes = Aes128::new(&key.into());
        let block = |count: u64| {
            let mut block = aes::Block::from(u128::to_be_bytes(
                u128::from(u64::from_be_bytes(iv)) << 64 | u128::from(count),
            ));
            aes.encrypt_block(&mut block);
            <[u8; 16]>::from(block)
        };
        (0..blocks).flat_map(block).collect()
    }

    #[test]
    fn parts_share_one_key_stream() {
        let (key, iv) = ([7; 16], [0xff; 8]);
        let stream = key_stream(key, iv, 4);
        let mut whole = vec![0; 60];
        apply(&key, iv, &mut whole, &[]);
        assert_eq!(whole, stream[..60]);
        let mut parts = vec![0; 60];
        apply(&key, iv, &mut parts, &[(5, 16), (3, 0), (4, 32)]);
        let expected = [&[0; 5][..], &stream[..16], &[0; 7], &stream[16..48]].concat();
        assert_eq!(parts, expected);
        // Parts that do not fit harm nobody.
        apply(&key, iv, &mut parts, &[(50, 16), (3, 0)]);
    }
}
