//! The stream manifest: the SMIL document that may open a push stream and lists all push streams of its
//! broadcast, [MS-SSTR] 2.2.7.

use crate::error::Error;
use crate::limits::Limits;
use crate::url::Request;
use crate::xml::{self, Element, Reader};

/// A push stream, as the URL that it is posted to names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamRef {
    /// `Events(id)`, if it is there.
    pub event: Option<String>,
    /// `Streams(id)`.
    pub id: String,
}

/// Reads a stream manifest in any encoding: `src` of each `ref`, in document order. What names no push
/// stream is passed over.
///
/// # Errors
///
/// [`Error::Invalid`] if the document is not SMIL, [`Error::Limit`] for more than `streams` of them, and
/// those of [`xml`].
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<StreamRef>, Error> {
    let text = xml::decode(bytes, limits)?;
    let mut reader = Reader::new(&text, limits);
    let root = reader.root()?;
    if !root.name().eq_ignore_ascii_case("smil") {
        return Err(Error::Invalid { what: "stream manifest", rule: "the root is not smil" });
    }
    let mut streams = Vec::new();
    read_children(&mut reader, &root, limits, &mut streams)?;
    Ok(streams)
}

/// References stand in `body/par`; looking into every container costs nothing.
fn read_children(
    reader: &mut Reader<'_>,
    parent: &Element<'_>,
    limits: &Limits,
    streams: &mut Vec<StreamRef>,
) -> Result<(), Error> {
    while let Some(child) = reader.child(parent)? {
        match child.name().to_ascii_lowercase().as_str() {
            "body" | "par" | "seq" | "switch" => read_children(reader, &child, limits, streams)?,
            "ref" if streams.len() >= limits.streams => {
                return Err(Error::Limit { what: "streams", max: limits.streams as u64 });
            }
            "ref" => streams.extend(read_ref(&child)?),
            _ => {}
        }
    }
    Ok(())
}

fn read_ref(element: &Element<'_>) -> Result<Option<StreamRef>, Error> {
    let source = element.attribute("src")?.unwrap_or_default();
    Ok(match Request::parse(source.trim()) {
        Ok(Request::Ingest { event, stream }) => Some(StreamRef { event, id: stream }),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn document(sources: &[&str]) -> String {
        let refs: String = sources.iter().map(|s| format!("<ref src=\"{}\"/>", xml::escape(s))).collect();
        format!(
            "<smil xmlns=\"http://www.w3.org/2001/SMIL20/Language\"><head/><body><par>{refs}</par></body></smil>"
        )
    }

    fn one(source: &str) -> Result<Vec<StreamRef>, Error> {
        read(document(&[source]).as_bytes(), &Limits::default())
    }

    #[test]
    fn streams_with_and_without_an_event() {
        let text = document(&["Streams(720p)", " events(2026%2F1)/streams(4711-stream0) "]);
        let expected = [
            StreamRef { event: None, id: "720p".into() },
            StreamRef { event: Some("2026/1".into()), id: "4711-stream0".into() },
        ];
        assert_eq!(read(text.as_bytes(), &Limits::default()).unwrap(), expected);
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&utf16, &Limits::default()).unwrap(), expected);
        let prefixed =
            "<s:smil xmlns:s=\"x\"><s:body><s:par><s:ref src=\"Streams(a)\"/></s:par></s:body></s:smil>";
        assert_eq!(read(prefixed.as_bytes(), &Limits::default()).unwrap().len(), 1);
    }

    #[test]
    fn what_names_no_stream_is_passed_over_and_what_is_no_list_is_refused() {
        for source in ["Manifest", "http://other/x.isml/Streams(a)", "Streams()", ""] {
            assert_eq!(one(source), Ok(Vec::new()), "{source}");
        }
        assert_eq!(read(b"<smil><body><par><ref/></par></body></smil>", &Limits::default()), Ok(Vec::new()));
        assert!(matches!(read(b"<a/>", &Limits::default()), Err(Error::Invalid { .. })));
        let limits = Limits { streams: 2, ..Limits::default() };
        let many = document(&["Streams(a)", "Streams(b)", "Streams(c)"]);
        assert_eq!(read(many.as_bytes(), &limits), Err(Error::Limit { what: "streams", max: 2 }));
    }

    proptest! {
        #[test]
        fn any_id_is_read_as_its_url_names_it(event in proptest::option::of("[^/\0]{1,9}"), id in "[^/\0]{1,9}") {
            let request = Request::Ingest { event: event.clone(), stream: id.clone() };
            let source = request.to_string();
            prop_assert_eq!(one(&source), Ok(vec![StreamRef { event, id }]));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes, &Limits::default());
        }
    }
}
