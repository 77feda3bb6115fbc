//! Makes on-demand presentations that our server had no hand in: fragments of ffmpeg's files at their
//! Smooth Streaming addresses, with a manifest of the tests' own writing.

pub(crate) mod ismv;
pub(crate) mod variants;

use std::fmt::Write as _;

use crate::encoder::{Level, Recipe};
use crate::files::Site;

/// A presentation that can be changed before it is put on a site.
#[derive(Clone, Debug)]
pub struct Presentation {
    /// Ticks per second of everything in it.
    pub timescale: u64,
    /// The `Url` of the streams.
    pub template: Template,
    /// One stream of pictures and one of sound, and what variants add.
    pub streams: Vec<Stream>,
    /// Whether the manifest is written in UTF-16 with a byte order mark.
    pub utf16: bool,
    /// More streams, as XML.
    pub more: String,
}

/// How fragments are addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// `QualityLevels({bitrate})/Fragments(video={start time})`
    Plain,
    /// `QualityLevels({bitrate},{CustomAttributes})/Fragments(video={start time})`
    CustomAttributes,
}

/// One `StreamIndex`.
#[derive(Clone, Debug)]
pub struct Stream {
    /// `Type`.
    pub kind: &'static str,
    /// `Name`.
    pub name: &'static str,
    /// `Subtype`, for text.
    pub subtype: &'static str,
    /// `Language`; may be empty.
    pub language: &'static str,
    /// The levels; every one has the same fragment times.
    pub levels: Vec<Track>,
}

/// One `QualityLevel` and its fragments.
#[derive(Clone, Debug)]
pub struct Track {
    /// Bits per second: the level's address.
    pub bitrate: u32,
    /// The other attributes, as XML.
    pub attributes: String,
    /// In order.
    pub fragments: Vec<Fragment>,
}

/// One fragment.
#[derive(Clone, Debug)]
pub struct Fragment {
    /// Start in ticks, as in its `tfxd`.
    pub time: u64,
    /// Duration in ticks, likewise.
    pub duration: u64,
    /// `moof` and `mdat`.
    pub bytes: Vec<u8>,
}

/// Five renditions for on-demand content.
pub const FIVE: [Level; 5] = [
    Level { size: (160, 90), bitrate: 100_000 },
    Level { size: (192, 108), bitrate: 200_000 },
    Level { size: (256, 144), bitrate: 300_000 },
    Level { size: (288, 162), bitrate: 400_000 },
    Level { size: (320, 180), bitrate: 500_000 },
];

impl Presentation {
    /// Encodes `recipe`, and cuts what comes out. Sound starts at tick 0, a little before the picture, as the
    /// encoder has it.
    #[must_use]
    pub fn encode(recipe: &Recipe) -> Self {
        let bitrates: Vec<u32> = recipe.levels.iter().map(|level| level.bitrate).collect();
        ismv::read(&recipe.file(), &bitrates)
    }

    /// Puts everything under `/{name}.ism/`, and returns the manifest's path.
    pub fn put(&self, site: &mut Site, name: &str) -> String {
        for stream in &self.streams {
            for (index, level) in stream.levels.iter().enumerate() {
                for fragment in &level.fragments {
                    let attributes = match self.template {
                        Template::Plain => String::new(),
                        Template::CustomAttributes => format!(",profile=p{index},angle=2"),
                    };
                    let (bitrate, name_of_stream, time) = (level.bitrate, stream.name, fragment.time);
                    let path = format!(
                        "/{name}.ism/QualityLevels({bitrate}{attributes})/Fragments({name_of_stream}={time})"
                    );
                    site.file(path, fragment.bytes.clone());
                }
            }
        }
        let manifest = self.manifest();
        let bytes = if self.utf16 {
            let text = manifest.replace("utf-8", "utf-16");
            "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
        } else {
            manifest.into_bytes()
        };
        let path = format!("/{name}.ism/Manifest");
        site.file(path.clone(), bytes);
        path
    }

    /// Start of the earliest fragment, in ticks.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.fragments().map(|fragment| fragment.time).min().unwrap()
    }

    /// Start of the first picture after [`start`](Self::start), in seconds.
    #[must_use]
    pub fn picture_offset(&self) -> f64 {
        let video = self.streams.iter().find(|stream| stream.kind == "video").unwrap();
        (video.levels[0].fragments[0].time - self.start()) as f64 / self.timescale as f64
    }

    /// From the earliest start to the latest end, in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        let end = self.fragments().map(|fragment| fragment.time + fragment.duration).max().unwrap();
        (end - self.start()) as f64 / self.timescale as f64
    }

    fn fragments(&self) -> impl Iterator<Item = &Fragment> {
        self.streams.iter().flat_map(|stream| &stream.levels).flat_map(|level| &level.fragments)
    }

    fn manifest(&self) -> String {
        let mut xml = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n".to_owned();
        let duration = (self.seconds() * self.timescale as f64) as u64;
        let _ = writeln!(
            xml,
            "<SmoothStreamingMedia MajorVersion=\"2\" MinorVersion=\"0\" TimeScale=\"{}\" Duration=\"{duration}\">",
            self.timescale
        );
        for stream in &self.streams {
            self.stream(&mut xml, stream);
        }
        xml += &self.more;
        xml += "</SmoothStreamingMedia>\n";
        xml
    }

    fn stream(&self, xml: &mut String, stream: &Stream) {
        let custom = match self.template {
            Template::Plain => "",
            Template::CustomAttributes => ",{CustomAttributes}",
        };
        let (kind, name, levels) = (stream.kind, stream.name, stream.levels.len());
        let chunks = stream.levels.first().map_or(&[][..], |level| &level.fragments);
        let given = |name: &str, value: &str| match value {
            "" => String::new(),
            value => format!(" {name}=\"{value}\""),
        };
        let more = given("Subtype", stream.subtype) + &given("Language", stream.language);
        let _ = writeln!(
            xml,
            "  <StreamIndex Type=\"{kind}\" Name=\"{name}\"{more} TimeScale=\"{}\" Chunks=\"{}\" QualityLevels=\"{levels}\" \
             Url=\"QualityLevels({{bitrate}}{custom})/Fragments({name}={{start time}})\">",
            self.timescale,
            chunks.len()
        );
        for (index, level) in stream.levels.iter().enumerate() {
            let _ = write!(
                xml,
                "    <QualityLevel Index=\"{index}\" Bitrate=\"{}\" {}",
                level.bitrate, level.attributes
            );
            *xml += &match self.template {
                Template::Plain => "/>\n".to_owned(),
                Template::CustomAttributes => format!(
                    "><CustomAttributes><Attribute Name=\"profile\" Value=\"p{index}\"/>\
                     <Attribute Name=\"angle\" Value=\"2\"/></CustomAttributes></QualityLevel>\n"
                ),
            };
        }
        for (number, Fragment { time, duration, .. }) in chunks.iter().enumerate() {
            let _ = writeln!(xml, "    <c n=\"{number}\" t=\"{time}\" d=\"{duration}\"/>");
        }
        *xml += "  </StreamIndex>\n";
    }
}
