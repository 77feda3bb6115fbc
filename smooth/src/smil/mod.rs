//! SMIL documents: `.isml` definitions, the live server manifest and the stream manifest of a push stream,
//! and `.ism` server manifests of presentations on demand.
//!
//! All are SMIL 2.0 and share their vocabulary's manners: a namespace prefix means nothing, and names
//! are compared without regard to letter case.

#![warn(clippy::indexing_slicing)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub mod definition;
pub mod live;
pub mod presentation;
pub mod streams;

use crate::xml;

/// The namespace of the documents.
const NAMESPACE: &str = "http://www.w3.org/2001/SMIL20/Language";

/// Appends `<tag name="value" name="value"/>` and a line end.
fn push_element(out: &mut String, indent: &str, tag: &str, attributes: &[(&str, &str)]) {
    for part in [indent, "<", tag] {
        out.push_str(part);
    }
    push_attributes(out, attributes);
    out.push_str("/>\n");
}

fn push_attributes(out: &mut String, attributes: &[(&str, &str)]) {
    for (name, value) in attributes {
        for part in [" ", name, "=\"", &xml::escape(value), "\""] {
            out.push_str(part);
        }
    }
}
