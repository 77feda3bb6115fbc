//! Hex and base64, the two text encodings that manifests use.
