//! Encryption of whole segments, RFC 8216 section 4.3.2.4: AES-128 in CBC mode, padded as PKCS #7.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockEncryptMut, KeyIvInit};
use smooth::smil::definition::Key;

/// `segment`, encrypted. Its initialisation vector is the media sequence number.
#[must_use]
pub fn encrypt(mut segment: Vec<u8>, key: Key, number: u64) -> Vec<u8> {
    let iv = u128::from(number).to_be_bytes();
    let cipher = cbc::Encryptor::<aes::Aes128>::new(&key.0.into(), &iv.into());
    let len = segment.len();
    segment.resize(len + BLOCK - len % BLOCK, 0);
    let padded = cipher.encrypt_padded_mut::<Pkcs7>(&mut segment, len);
    debug_assert!(padded.is_ok(), "there is room for the padding");
    segment
}

/// Bytes of a block.
const BLOCK: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use aes::cipher::BlockDecryptMut;

    #[test]
    fn what_players_decrypt_is_what_was_encrypted() {
        let key = Key(*b"0123456789abcdef");
        for len in [0, 1, 15, 16, 17, 188, 1880] {
            let plain: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let encrypted = encrypt(plain.clone(), key, 0x0102);
            assert_eq!(encrypted.len(), (len / 16 + 1) * 16);
            let mut iv = [0; 16];
            iv[14..].copy_from_slice(&[1, 2]);
            let cipher = cbc::Decryptor::<aes::Aes128>::new(&key.0.into(), &iv.into());
            assert_eq!(cipher.decrypt_padded_vec_mut::<Pkcs7>(&encrypted).unwrap(), plain);
        }
    }

    #[test]
    fn the_first_block_of_the_standard_example() {
        // NIST SP 800-38A, F.2.1, with the vector taken into the plain text, for ours is a number.
        let hex = |text| smooth::text::hex_decode(text).unwrap();
        let key = Key(hex("2b7e151628aed2a6abf7158809cf4f3c").try_into().unwrap());
        let plain = hex("6bc1bee22e409f96e93d7e117393172a");
        let vector = hex("000102030405060708090a0b0c0d0e0f");
        let mixed: Vec<_> = plain.iter().zip(&vector).map(|(a, b)| a ^ b).collect();
        assert_eq!(encrypt(mixed, key, 0)[..16], hex("7649abac8119b246cee98e9b12e9197d"));
    }
}
