//! E-AC-3: `dec3`, ETSI TS 102 366 F.6.

use super::bits::Bits;

/// What an E-AC-3 decoder needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Payload of the `dec3` box.
    pub dec3: Vec<u8>,
    /// Channels.
    pub channels: u16,
    /// Samples per second.
    pub sampling_rate: u32,
}

/// The sub-format of a WAVEFORMATEXTENSIBLE that says Dolby Digital Plus.
const GUID: [u8; 16] =
    [0xaf, 0x87, 0xfb, 0xa7, 0x02, 0x2d, 0xfb, 0x42, 0xa4, 0xd4, 0x05, 0xcd, 0x93, 0x84, 0x3b, 0xdd];

impl Config {
    /// Reads `CodecPrivateData`: what follows the 18 bytes of a WAVEFORMATEX (or these as well), which is
    /// samples per block, channel mask, a GUID and the payload of `dec3`. The payload alone is taken too.
    #[must_use]
    pub fn read(private_data: &[u8], channels: u16, sampling_rate: u32) -> Option<Self> {
        const WAVE_FORMAT: usize = 18;
        let extension =
            [private_data, private_data.get(WAVE_FORMAT..).unwrap_or(&[])].into_iter().find_map(|data| {
                let (_, rest) = data.split_first_chunk::<2>()?;
                let (mask, rest) = rest.split_first_chunk()?;
                let (guid, dec3) = rest.split_first_chunk()?;
                (*guid == GUID).then_some((u32::from_le_bytes(*mask), dec3))
            });
        let (mask, dec3) = extension.unwrap_or((0, private_data));
        if dec3.len() < 5 {
            return None;
        }
        let channels = match mask.count_ones() {
            0 => channels.max(coded_channels(dec3).unwrap_or(2)),
            counted => counted as u16,
        };
        let sampling_rate = if sampling_rate == 0 { 48_000 } else { sampling_rate };
        Some(Self { dec3: dec3.to_vec(), channels, sampling_rate })
    }

    /// The form of `CodecPrivateData`.
    #[must_use]
    pub fn private_data(&self) -> Vec<u8> {
        let mask: u32 = match self.channels {
            1 => 0x4,
            2 => 0x3,
            6 => 0x3f,
            8 => 0x63f,
            n => (1_u32 << n.min(18)).wrapping_sub(1),
        };
        [&1536_u16.to_le_bytes()[..], &mask.to_le_bytes(), &GUID, &self.dec3].concat()
    }
}

/// Channels of the first independent substream. The sample entry of an `.mp4` always says 2.
fn coded_channels(dec3: &[u8]) -> Option<u16> {
    const CHANNELS: [u16; 8] = [2, 1, 2, 3, 3, 4, 4, 5];
    // Data rate and number of substreams; fscod, bsid, reserved, asvc, bsmod.
    let mut bits = Bits::new(dec3);
    bits.skip(16 + 12);
    let mode = usize::try_from(bits.bits(3)).ok()?;
    let low_frequency = u16::from(bits.flag());
    bits.end()?;
    Some(CHANNELS.get(mode)?.saturating_add(low_frequency))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boxes::tests::hex;

    #[test]
    fn with_and_without_the_wave_format() {
        let data = hex("00063f000000 af87fba7022dfb42a4d405cd93843bdd 0c00200f00");
        let config = Config::read(&data, 2, 0).unwrap();
        assert_eq!(config, Config { dec3: hex("0c00200f00"), channels: 6, sampling_rate: 48_000 });
        assert_eq!(config.private_data(), data);
        let wave = [&[0; 18][..], &data].concat();
        assert_eq!(Config::read(&wave, 2, 0), Some(config));
        assert_eq!(Config::read(&hex("0c00200f00"), 2, 44_100).unwrap().channels, 6);
        assert_eq!(Config::read(&hex("0c00200400"), 0, 44_100).unwrap().channels, 2);
        assert_eq!(Config::read(&[], 2, 44_100), None);
    }
}
