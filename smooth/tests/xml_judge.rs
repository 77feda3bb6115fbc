//! `quick-xml`, which we did not write, reads the same from a document as our scanner does.
//!
//! The player carries the scanner alone, for its size; this is what keeps the two together.

use proptest::prelude::*;
use quick_xml::events::Event as Judged;
use smooth::Limits;
use smooth::xml::{Event, Reader, decode, local};

/// A document as a list: `<name`, ` attribute=value`, text, `>`. Text in one piece, surrounding blanks cut.
type Flat = Vec<String>;

fn push_text(flat: &mut Flat, open: &mut String) {
    let text = std::mem::take(open);
    if !text.trim().is_empty() {
        flat.push(text.trim().to_owned());
    }
}

fn ours(text: &str) -> Result<Flat, smooth::Error> {
    let limits = Limits::default();
    let mut reader = Reader::new(text, &limits);
    let (mut flat, mut open) = (Flat::new(), String::new());
    loop {
        match reader.event()? {
            Event::Start(element) => {
                push_text(&mut flat, &mut open);
                flat.push(format!("<{}", element.name()));
                for attribute in element.attributes() {
                    let (name, value) = attribute?;
                    flat.push(format!(" {}={value}", local(name)));
                }
            }
            Event::End => {
                push_text(&mut flat, &mut open);
                flat.push(">".to_owned());
            }
            Event::Text(text) => open.push_str(&text),
            Event::Eof => return Ok(flat),
        }
    }
}

/// `None` for what the judge refuses.
fn judged(text: &str) -> Option<Flat> {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let (mut flat, mut open) = (Flat::new(), String::new());
    loop {
        match reader.read_event().ok()? {
            Judged::Start(element) => {
                push_text(&mut flat, &mut open);
                flat.push(format!("<{}", local(element.name().as_ref())));
                for attribute in element.attributes() {
                    let attribute = attribute.ok()?;
                    let value = quick_xml::escape::unescape(&attribute.value).ok()?;
                    flat.push(format!(" {}={value}", local(attribute.key.as_ref())));
                }
            }
            Judged::End(_) => {
                push_text(&mut flat, &mut open);
                flat.push(">".to_owned());
            }
            Judged::Text(text) => open.push_str(&text),
            Judged::CData(text) => open.push_str(&text),
            Judged::GeneralRef(name) => {
                open.push_str(&quick_xml::escape::unescape(&format!("&{};", &*name)).ok()?)
            }
            Judged::DocType(_) => return None,
            Judged::Eof => return Some(flat),
            _ => {}
        }
    }
}

#[test]
fn real_documents_read_the_same() {
    let mut compared = 0;
    for folder in ["manifest", "smil", "captions"] {
        let path = format!("{}/fuzz/corpus/{folder}", env!("CARGO_MANIFEST_DIR"));
        for file in std::fs::read_dir(path).unwrap() {
            let file = file.unwrap().path();
            let bytes = std::fs::read(&file).unwrap();
            let Ok(text) = decode(&bytes, &Limits::default()) else { continue };
            let (Some(judged), Ok(ours)) = (judged(&text), ours(&text)) else { continue };
            assert_eq!(ours, judged, "{}", file.display());
            compared += 1;
        }
    }
    assert!(compared >= 15, "{compared}");
}

fn name() -> impl Strategy<Value = String> {
    "[A-Za-z][A-Za-z0-9_-]{0,6}(:[a-z]{1,4})?"
}

fn value() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop_oneof![
            Just("&lt;"),
            Just("&amp;"),
            Just("&#x41;"),
            Just("&#228;"),
            Just("&quot;"),
            Just("plain"),
            Just("ä€"),
            Just(" "),
            Just(">"),
        ],
        0..4,
    )
    .prop_map(|parts| parts.concat())
}

fn element() -> impl Strategy<Value = String> {
    let attributes = || prop::collection::btree_map("[a-z]{1,6}", value(), 0..4);
    let quote = || prop_oneof![Just('"'), Just('\'')];
    let tag = move |name: &str, attributes: &std::collections::BTreeMap<String, String>, q: char| {
        attributes.iter().fold(format!("<{name}"), |tag, (k, v)| format!("{tag} {k}={q}{v}{q}"))
    };
    let empty = (name(), attributes(), quote()).prop_map(move |(n, a, q)| tag(&n, &a, q) + " />");
    let leaf = prop_oneof![
        empty,
        value().prop_map(|text| text.replace('>', "")),
        Just("<!-- a <comment> -->".to_owned()),
        Just("<![CDATA[a < b & c]]>".to_owned()),
        Just("<?pi some thing?>".to_owned()),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        (name(), attributes(), quote(), prop::collection::vec(inner, 0..5))
            .prop_map(move |(n, a, q, children)| format!("{}>{}</{n}>", tag(&n, &a, q), children.concat()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_document_reads_the_same(content in prop::collection::vec(element(), 0..4)) {
        let text = format!("<?xml version=\"1.0\"?>\n<root>{}</root>\n", content.concat());
        let judged = judged(&text);
        prop_assert!(judged.is_some(), "the generator makes XML: {text}");
        prop_assert_eq!(ours(&text).ok(), judged, "{}", text);
    }
}
