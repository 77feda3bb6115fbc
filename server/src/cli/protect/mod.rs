//! Encryption of what is packaged or pushed: PIFF 1.1, AES in counter mode, which PlayReady, Widevine and
//! Clear Key open after a player has rewritten it as Common Encryption.
//!
//! Initialisation vectors follow from the key and from what is encrypted, so that two encoders of the same
//! program send the same bytes. None is used for two different samples: 64 bits of an HMAC over the fragment and
//! its place are the first, and the samples of a fragment count on from there.

mod cipher;
mod parts;

use aes::Aes128;
use aes::cipher::{BlockEncrypt, KeyInit};
use bytes::Bytes;
use ring::hmac;
use smooth::boxes::build::{self, Encryption, FragmentSpec};
use smooth::boxes::encryption::{EncryptedSample, Key};
use smooth::boxes::init::Protection;
use smooth::manifest::{Kind, ProtectionHeader, QualityLevel};
use smooth::protection::playready::{self, Header};
use smooth::protection::{PLAYREADY, WIDEVINE, swapped, widevine};
use smooth::text::hex_decode;

use super::media::TICKS;
use parts::Codec;

/// How to encrypt, as it is said on the command line.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Encrypt with a key: its id and the key itself, 32 hexadecimal digits each. Several keys take turns
    #[arg(
        long,
        value_name = "KEYID:KEY",
        value_delimiter = ',',
        env = "SILVERLANE_PROTECT",
        hide_env_values = true
    )]
    pub protect: Vec<ContentKey>,
    /// Where players get licences, for the header of PlayReady
    #[arg(long, value_name = "URL", requires = "protect")]
    pub license_url: Option<String>,
    /// How long each of several keys is in use
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub key_period: u32,
    /// Add a header for Widevine
    #[arg(long, requires = "protect")]
    pub widevine: bool,
}

/// A key and its id.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ContentKey {
    /// In the byte order of Common Encryption, which is that in which the id is written.
    pub id: [u8; 16],
    /// AES-128.
    pub key: [u8; 16],
}

impl std::fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ContentKey({:032x})", u128::from_be_bytes(self.id))
    }
}

impl std::str::FromStr for ContentKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Ids are often written as UUIDs.
        let bytes = |part: &str| hex_decode(&part.replace(['-', '{', '}'], "")).ok()?.try_into().ok();
        let pair = text.split_once(':').and_then(|(id, key)| Some(Self { id: bytes(id)?, key: bytes(key)? }));
        pair.ok_or("write the id of the key, a colon, and the key: 32 hexadecimal digits each")
    }
}

/// Encrypts fragments.
#[derive(Clone, Debug)]
pub(super) struct Protector {
    /// Each with what players need to know to get it.
    keys: Vec<(ContentKey, Vec<ProtectionHeader>)>,
    /// Ticks for which a key is in use.
    period: u64,
    /// Ticks at the beginning that stay clear.
    clear_lead: u64,
}

impl Protector {
    /// One that does what `args` say; `None` if they name no key.
    pub(super) fn new(args: &Args, clear_lead: u64) -> Option<Self> {
        let describe = |key: &ContentKey| (*key, headers(key, args));
        let keys: Vec<_> = args.protect.iter().map(describe).collect();
        let period = u64::from(args.key_period.max(1)).saturating_mul(TICKS);
        (!keys.is_empty()).then_some(Self { keys, period, clear_lead })
    }

    /// What headers and manifests say: the first key.
    pub(super) fn protection(&self) -> Option<Protection<'_>> {
        let (key, systems) = self.keys.first()?;
        Some(Protection { key: Key { id: key.id, iv_size: 8 }, systems, piff: true })
    }

    /// The `moof` and the samples of a fragment whose samples are `data`, encrypted. `None` if it stays clear.
    pub(super) fn fragment(
        &self,
        spec: &FragmentSpec<'_>,
        kind: Kind,
        level: &QualityLevel,
        data: &[Bytes],
    ) -> Option<(Vec<u8>, Bytes)> {
        if kind == Kind::Text || spec.span.time < self.clear_lead {
            return None;
        }
        let turn = (spec.span.time / self.period) as usize % self.keys.len();
        let (key, systems) = self.keys.get(turn)?;
        let mut media: Vec<u8> = data.concat();
        let mut iv = first_iv(key, spec, level, &media);
        let codec = Codec::of(level);
        let mut rest = &mut media[..];
        let mut samples = Vec::with_capacity(spec.samples.len());
        for sample in spec.samples {
            // Whatever the sizes say, nothing is sent as it was.
            let size = (sample.size as usize).min(rest.len());
            let (bytes, after) = rest.split_at_mut(size);
            let subsamples = parts::of(bytes, codec);
            cipher::apply(&key.key, iv.to_be_bytes(), bytes, &subsamples);
            samples.push(EncryptedSample { iv: iv.to_be_bytes(), subsamples });
            iv = iv.wrapping_add(1);
            rest = after;
        }
        let is_first = turn == 0;
        let encryption = Encryption {
            key_id: (!is_first).then_some(key.id),
            systems: if is_first { &[] } else { systems },
            samples: &samples,
        };
        Some((build::encrypted_fragment(spec, &encryption), media.into()))
    }
}

/// The initialisation vector of the first sample. See the module.
fn first_iv(key: &ContentKey, spec: &FragmentSpec<'_>, level: &QualityLevel, media: &[u8]) -> u64 {
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key.key));
    mac.update(&key.id);
    mac.update(&spec.span.time.to_be_bytes());
    mac.update(&spec.track_id.to_be_bytes());
    mac.update(&level.bitrate.to_be_bytes());
    mac.update(media);
    mac.sign().as_ref().first_chunk().copied().map_or(0, u64::from_be_bytes)
}

fn headers(key: &ContentKey, args: &Args) -> Vec<ProtectionHeader> {
    let mut block = aes::Block::from(swapped(key.id));
    Aes128::new(&key.key.into()).encrypt_block(&mut block);
    let checksum = block.first_chunk().copied();
    let header =
        Header { keys: vec![playready::Key { id: key.id, checksum }], license_url: args.license_url.clone() };
    let mut headers = vec![ProtectionHeader { system_id: PLAYREADY, data: playready::write(&header) }];
    if args.widevine {
        headers.push(ProtectionHeader { system_id: WIDEVINE, data: widevine(key.id) });
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use smooth::boxes::{build::Sample, read_head};
    use smooth::{Limits, Span};

    fn key(digit: char) -> ContentKey {
        let word = digit.to_string().repeat(32);
        format!("{word}:{word}").parse().unwrap()
    }

    #[test]
    fn keys_as_people_write_them() {
        let key: ContentKey =
            "{0123abcd-4567-89EF-8877-665544332211}:000102030405060708090a0b0c0d0e0f".parse().unwrap();
        assert_eq!(key.id, 0x0123abcd_4567_89ef_8877_665544332211_u128.to_be_bytes());
        assert_eq!(key.key, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        assert_eq!(
            format!("{key:?}"),
            "ContentKey(0123abcd456789ef8877665544332211)",
            "the key stays secret"
        );
        for bad in ["", ":", "00", "00:11", "0123abcd456789ef8877665544332211", "x:y"] {
            assert!(bad.parse::<ContentKey>().is_err(), "{bad}");
        }
    }

    /// The example of the PlayReady Header Specification's text on CHECKSUM is the definition itself: AES-ECB of
    /// the key id as a GUID. This is that of a key id of zeros with a key of zeros, FIPS 197's first known answer.
    #[test]
    fn the_checksum_is_of_the_key_and_its_id() {
        let zeros = ContentKey { id: [0; 16], key: [0; 16] };
        let header = playready::read(&headers(&zeros, &Args::default())[0].data, &Limits::default()).unwrap();
        assert_eq!(header.keys[0].checksum, Some([0x66, 0xe9, 0x4b, 0xd4, 0xef, 0x8a, 0x2c, 0x3b]));
    }

    #[test]
    fn keys_take_turns_after_the_clear_lead() {
        let args = Args {
            protect: vec![key('1'), key('2')],
            key_period: 4,
            widevine: true,
            license_url: Some("http://licence.example/".into()),
        };
        let protector = Protector::new(&args, 2 * TICKS).unwrap();
        let sample = Sample { duration: 1, size: 20, flags: build::SYNC_SAMPLE, composition_offset: 0 };
        let data = [Bytes::from_static(&[7; 13]), Bytes::from_static(&[7; 27])];
        let level = QualityLevel { fourcc: "AACL".into(), ..QualityLevel::default() };
        let at = |seconds: u64| {
            let span = Span { time: seconds * TICKS, duration: 2 * TICKS };
            let spec = FragmentSpec { sequence: 1, track_id: 1, span, samples: &[sample, sample] };
            let made = protector.fragment(&spec, Kind::Audio, &level, &data);
            let head = made.as_ref().map(|(moof, _)| read_head(moof, &Limits::default()).unwrap());
            (made, head.map(|head| (head.encrypted, head.key_id)))
        };
        assert_eq!(at(0).1, None);
        assert_eq!(at(2).1, Some((true, None)));
        assert_eq!(at(4).1, Some((true, Some([0x22; 16]))));
        assert_eq!(at(8).1, Some((true, None)));
        assert_eq!(at(4).0, at(4).0, "the same again");
        // No two samples share a key stream, equal as they are.
        let (_, media) = at(2).0.unwrap();
        let (_, later) = at(8).0.unwrap();
        assert_ne!(media[..20], media[20..]);
        assert_ne!(media, later);
        assert!(Protector::new(&Args::default(), 0).is_none());
        let systems = protector.protection().unwrap().systems;
        assert_eq!(systems.iter().map(|s| s.system_id).collect::<Vec<_>>(), [PLAYREADY, WIDEVINE]);
        let header = playready::read(&systems[0].data, &Limits::default()).unwrap();
        assert_eq!(header.license_url.as_deref(), Some("http://licence.example/"));
        assert_eq!(header.keys[0].id, [0x11; 16]);
    }
}
