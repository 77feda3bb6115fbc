//! The PlayReady object, "PlayReady Header Specification" versions 4.0 to 4.3: which keys, and where the
//! licence is.
//!
//! ```text
//! u32 length of the object    all numbers little-endian
//! u16 number of records
//! record: u16 type, u16 length, value      type 1: WRMHEADER, XML in UTF-16
//! ```
//! | version | key ids |
//! | --- | --- |
//! | 4.0 | `DATA/KID`, `DATA/CHECKSUM` |
//! | 4.1 | `DATA/PROTECTINFO/KID@VALUE` |
//! | 4.2, 4.3 | `DATA/PROTECTINFO/KIDS/KID@VALUE` |

use super::swapped;
use crate::error::Error;
use crate::limits::Limits;
use crate::text::{base64_decode, base64_encode};
use crate::xml::{self, Element, Reader, escape};

const WHAT: &str = "PlayReady header";
/// The record that holds the header.
const RIGHTS_MANAGEMENT: u16 = 1;

/// What a header says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// In the order of the document.
    pub keys: Vec<Key>,
    /// `LA_URL`: where licences are to be had.
    pub license_url: Option<String>,
}

/// A key that a header names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// In the byte order of Common Encryption.
    pub id: [u8; 16],
    /// The first half of the id, as a GUID, encrypted with the key (AES, one block): a player can tell that it
    /// was given another key.
    pub checksum: Option<[u8; 8]>,
}

/// Reads a PlayReady object.
///
/// # Errors
///
/// [`Error::Incomplete`] if it is cut short, [`Error::Invalid`] if there is no header in it, or a key id is not
/// one; [`Error::Limit`] for more keys than `keys` of `limits`; those of [`xml`].
pub fn read(object: &[u8], limits: &Limits) -> Result<Header, Error> {
    let cut = Error::Incomplete { what: WHAT };
    let (_, mut rest) = object.split_first_chunk::<6>().ok_or(cut)?;
    // Neither the length nor the count is to be believed: the records tell.
    while let Some((&[a, b, c, d], after)) = rest.split_first_chunk() {
        let len = usize::from(u16::from_le_bytes([c, d]));
        let (value, next) = after.split_at_checked(len).ok_or(cut)?;
        if u16::from_le_bytes([a, b]) == RIGHTS_MANAGEMENT {
            return read_xml(value, limits);
        }
        rest = next;
    }
    Err(Error::Invalid { what: WHAT, rule: "there is no header in the object" })
}

fn read_xml(value: &[u8], limits: &Limits) -> Result<Header, Error> {
    let text = xml::decode(value, limits)?;
    let mut reader = Reader::new(&text, limits);
    let mut header = Header::default();
    let root = reader.root()?;
    header.read_children(&mut reader, &root, limits)?;
    Ok(header)
}

impl Header {
    fn read_children(
        &mut self,
        reader: &mut Reader<'_>,
        parent: &Element<'_>,
        limits: &Limits,
    ) -> Result<(), Error> {
        while let Some(child) = reader.child(parent)? {
            match child.name() {
                "DATA" | "PROTECTINFO" | "KIDS" => self.read_children(reader, &child, limits)?,
                "KID" => {
                    let id = match child.attribute("VALUE")? {
                        Some(value) => base64_decode(&value),
                        None => base64_decode(&reader.text(&child)?),
                    };
                    let wrong = Error::Invalid { what: WHAT, rule: "a key id has not 16 bytes" };
                    let id = id.ok().and_then(|id| id.try_into().ok()).map(swapped).ok_or(wrong)?;
                    if self.keys.len() >= limits.keys {
                        return Err(Error::Limit { what: "keys", max: limits.keys as u64 });
                    }
                    let checksum = child.attribute("CHECKSUM")?.as_deref().and_then(checksum);
                    self.keys.push(Key { id, checksum });
                }
                // Of 4.0, behind its only key.
                "CHECKSUM" => {
                    let found = checksum(&reader.text(&child)?);
                    if let Some(key) = self.keys.last_mut() {
                        key.checksum = found;
                    }
                }
                "LA_URL" => self.license_url = Some(reader.text(&child)?.trim_ascii().into()),
                _ => {}
            }
        }
        Ok(())
    }
}

fn checksum(text: &str) -> Option<[u8; 8]> {
    base64_decode(text).ok()?.try_into().ok()
}

/// Writes a PlayReady object: version 4.0 for one key, which every player reads, else 4.2.
#[must_use]
pub fn write(header: &Header) -> Vec<u8> {
    let mut text = String::from(
        "<WRMHEADER xmlns=\"http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader\" version=\"4.",
    );
    let id = |key: &Key| base64_encode(&swapped(key.id));
    let checksum = |key: &Key| key.checksum.map(|bytes| base64_encode(&bytes));
    let mut put = |parts: &[&str]| parts.iter().for_each(|part| text.push_str(part));
    if let [key] = &header.keys[..] {
        put(&["0.0.0\"><DATA><PROTECTINFO><KEYLEN>16</KEYLEN><ALGID>AESCTR</ALGID></PROTECTINFO><KID>"]);
        put(&[&id(key), "</KID>"]);
        if let Some(checksum) = checksum(key) {
            put(&["<CHECKSUM>", &checksum, "</CHECKSUM>"]);
        }
    } else {
        put(&["2.0.0\"><DATA><PROTECTINFO><KIDS>"]);
        for key in &header.keys {
            put(&["<KID ALGID=\"AESCTR\""]);
            if let Some(checksum) = checksum(key) {
                put(&[" CHECKSUM=\"", &checksum, "\""]);
            }
            put(&[" VALUE=\"", &id(key), "\"></KID>"]);
        }
        put(&["</KIDS></PROTECTINFO>"]);
    }
    if let Some(url) = &header.license_url {
        put(&["<LA_URL>", &escape(url), "</LA_URL>"]);
    }
    put(&["</DATA></WRMHEADER>"]);
    let value: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let len = u16::try_from(value.len()).unwrap_or(u16::MAX);
    let whole = u32::from(len).saturating_add(10);
    let mut object = Vec::with_capacity(value.len().saturating_add(10));
    object.extend(whole.to_le_bytes());
    object.extend(1_u16.to_le_bytes());
    object.extend(RIGHTS_MANAGEMENT.to_le_bytes());
    object.extend(len.to_le_bytes());
    object.extend(value);
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: [u8; 16] = 0x0123abcd_4567_89ef_8877_665544332211_u128.to_be_bytes();

    /// An object around a header in XML, as others write it.
    fn object(text: &str) -> Vec<u8> {
        let value: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let len = u16::try_from(value.len()).unwrap().to_le_bytes();
        // An embedded licence store (type 3) first.
        [&[0, 0, 0, 0, 2, 0, 3, 0, 2, 0, 9, 9, 1, 0][..], &len, &value].concat()
    }

    #[test]
    fn headers_of_all_versions() {
        let of = |version: &str, keys: &str| {
            let text = format!(
                "<WRMHEADER xmlns='http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader' version='{version}'>\
                 <DATA>{keys}<LA_URL>http://example.com/rm.asmx?a=1&amp;b=2</LA_URL><LUI_URL>x</LUI_URL>\
                 <CUSTOMATTRIBUTES><KID>no</KID></CUSTOMATTRIBUTES></DATA></WRMHEADER>"
            );
            let header = read(&object(&text), &Limits::default()).unwrap();
            assert_eq!(header.license_url.as_deref(), Some("http://example.com/rm.asmx?a=1&b=2"));
            header.keys
        };
        let key = Key { id: ID, checksum: None };
        let v40 = "<PROTECTINFO><KEYLEN>16</KEYLEN><ALGID>AESCTR</ALGID></PROTECTINFO>\
                   <KID>zasjAWdF74mId2ZVRDMiEQ==</KID>";
        assert_eq!(of("4.0.0.0", v40), [key]);
        let with = Key { checksum: Some([0, 1, 2, 3, 4, 5, 6, 7]), ..key };
        assert_eq!(of("4.0.0.0", &format!("{v40}<CHECKSUM>AAECAwQFBgc=</CHECKSUM>")), [with]);
        let v41 = "<PROTECTINFO><KID ALGID='AESCTR' CHECKSUM='AAECAwQFBgc=' VALUE='zasjAWdF74mId2ZVRDMiEQ=='/></PROTECTINFO>";
        assert_eq!(of("4.1.0.0", v41), [with]);
        let other = "<KID ALGID='AESCTR' VALUE='AAAAAAAAAAAAAAAAAAAAAA=='></KID>";
        let v42 = format!(
            "<PROTECTINFO><KIDS><KID ALGID='AESCTR' VALUE='zasjAWdF74mId2ZVRDMiEQ=='></KID>{other}</KIDS></PROTECTINFO>"
        );
        for version in ["4.2.0.0", "4.3.0.0"] {
            assert_eq!(of(version, &v42), [key, Key { id: [0; 16], checksum: None }]);
        }
    }

    #[test]
    fn what_is_no_header_is_refused() {
        let refused = |object: &[u8]| read(object, &Limits::default()).unwrap_err();
        assert_eq!(refused(b""), Error::Incomplete { what: WHAT });
        assert!(matches!(refused(&object("<a/>")[..14]), Error::Invalid { .. }));
        assert!(matches!(refused(&object("<a><KID>AAAA</KID></a>")), Error::Invalid { .. }));
        let whole = write(&Header { keys: vec![Key { id: ID, checksum: None }], license_url: None });
        for end in 0..whole.len() {
            assert!(read(&whole[..end], &Limits::default()).is_err(), "{end}");
        }
        let few = Limits { keys: 1, ..Limits::default() };
        let keys = vec![Key { id: ID, checksum: None }; 2];
        let object = write(&Header { keys, license_url: None });
        assert_eq!(read(&object, &few), Err(Error::Limit { what: "keys", max: 1 }));
    }

    proptest! {
        #[test]
        fn headers_read_back(
            keys in proptest::collection::vec((any::<[u8; 16]>(), any::<Option<[u8; 8]>>()), 0..4),
            license_url in proptest::option::of("https?://[a-z]{1,9}/[!-~é]{0,20}"),
        ) {
            let keys = keys.into_iter().map(|(id, checksum)| Key { id, checksum }).collect();
            let header = Header { keys, license_url };
            let object = write(&header);
            prop_assert_eq!(object.len(), usize::from(object[0]) + usize::from(object[1]) * 256);
            prop_assert_eq!(read(&object, &Limits::default()), Ok(header));
        }

        #[test]
        fn damaged_objects_harm_nobody(at in any::<proptest::sample::Index>(), byte: u8, end in any::<proptest::sample::Index>()) {
            let mut object = write(&Header { keys: vec![Key { id: ID, checksum: Some([7; 8]) }; 2], license_url: Some("http://a".into()) });
            let at = at.index(object.len());
            object[at] = byte;
            let _ = read(&object[..end.index(object.len())], &Limits::default());
            let _ = read(&object, &Limits::default());
        }
    }
}
