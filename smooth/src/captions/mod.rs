//! TTML to cues to WebVTT.
