//! Decoder configurations and codec strings.
