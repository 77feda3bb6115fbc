//! Every limit on hostile input, in one place.

/// Upper bounds that the readers of this crate keep to. One value of it is passed to each reader;
/// [`Limits::default`] suits a public server and a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one XML document (manifest, definition, captions), after transcoding to UTF-8.
    pub xml_bytes: usize,
    /// Depth of nested XML elements.
    pub xml_depth: u32,
    /// `StreamIndex` elements in one manifest, and tracks in one push stream.
    pub streams: usize,
    /// `QualityLevel` elements in one stream.
    pub levels: usize,
    /// Chunks in one stream, repeats counted one by one.
    pub chunks: u64,
    /// Bytes of the header boxes of a push stream (`ftyp` to `moov`) together.
    pub header_bytes: usize,
    /// Bytes of one `moof`.
    pub moof_bytes: usize,
    /// Bytes of one fragment, `moof` and `mdat` together.
    pub fragment_bytes: usize,
    /// Samples in one fragment.
    pub samples: u32,
    /// Entries in one `tfrf`.
    pub look_ahead: usize,
    /// Cues in one caption document.
    pub cues: usize,
    /// Keys that one protection header names.
    pub keys: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            xml_bytes: 32 << 20,
            xml_depth: 32,
            streams: 64,
            levels: 64,
            chunks: 2_000_000,
            header_bytes: 1 << 20,
            moof_bytes: 1 << 20,
            fragment_bytes: 64 << 20,
            samples: 100_000,
            look_ahead: 64,
            cues: 10_000,
            keys: 64,
        }
    }
}
