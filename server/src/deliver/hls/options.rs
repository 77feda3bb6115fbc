//! What stands in the parentheses of an address: `video,format=m3u8-aapl,audiotrack=audio_fra`.

/// The options of an address for Apple devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Name of the stream, of a playlist of one level.
    pub stream: String,
    /// `format`, in lower case.
    pub format: String,
    /// `audiotrack`: the sound that goes with the pictures.
    pub audio_track: Option<String>,
    /// `audio-only`: whether sound alone is offered, too.
    pub audio_only: bool,
    /// `type=keyframes`: key frames alone.
    pub key_frames: bool,
}

/// Why options are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unknown {
    /// A form of HLS that there is not.
    #[error("the format {0} is not offered; m3u8-aapl is")]
    Format(String),
    /// An option that would change what is answered, if it were known.
    #[error("the option {0} is not offered")]
    Option(String),
}

impl Options {
    /// Reads `text`; `None` if it is for another output.
    ///
    /// # Errors
    ///
    /// [`Unknown`]: a player must not get something else than it asked for.
    #[must_use]
    pub fn read(text: &str) -> Option<Result<Self, Unknown>> {
        let mut options = Self { audio_only: true, ..Self::default() };
        let mut unknown = None;
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let Some((key, value)) = part.split_once('=') else {
                part.clone_into(&mut options.stream);
                continue;
            };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            match key.as_str() {
                "format" => options.format = value.to_ascii_lowercase(),
                "audiotrack" => options.audio_track = Some(value.to_owned()),
                "audio-only" => options.audio_only = !value.eq_ignore_ascii_case("false"),
                "type" if value.eq_ignore_ascii_case("keyframes") => options.key_frames = true,
                _ => unknown = unknown.or_else(|| Some(part.to_owned())),
            }
        }
        if !options.format.starts_with("m3u8-") || options.format == "m3u8-cmaf" {
            return None;
        }
        if !is_apple(&options.format) {
            return Some(Err(Unknown::Format(options.format)));
        }
        Some(unknown.map_or(Ok(options), |part| Err(Unknown::Option(part))))
    }

    /// Whether renditions of sound may be named beside the variants. `m3u8-aapl-v3` is the form for
    /// players that know none.
    #[must_use]
    pub fn knows_renditions(&self) -> bool {
        self.format != "m3u8-aapl-v3" && self.audio_track.is_none()
    }

    /// What addresses in a playlist go on with.
    #[must_use]
    pub fn inherited(&self) -> String {
        let mut text = format!("format={}", self.format);
        if let Some(track) = &self.audio_track {
            text.push_str(",audiotrack=");
            text.push_str(&smooth::url::encode(track));
        }
        text
    }
}

/// `m3u8-aapl`, with or without a version of the protocol: `-v3` to `-v9`.
fn is_apple(format: &str) -> bool {
    match format.strip_prefix("m3u8-aapl") {
        Some("") => true,
        Some(version) => matches!(version.as_bytes(), [b'-', b'v', b'3'..=b'9']),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Options {
        Options::read(text).unwrap().unwrap()
    }

    #[test]
    fn forms_that_are_seen() {
        let plain = Options { format: "m3u8-aapl".into(), audio_only: true, ..Options::default() };
        assert_eq!(read("format=m3u8-aapl"), plain);
        assert_eq!(read(" FORMAT = M3U8-AAPL "), plain);
        assert_eq!(read("video,format=m3u8-aapl"), Options { stream: "video".into(), ..plain.clone() });
        assert_eq!(read("format=m3u8-aapl,audio-only=false"), Options { audio_only: false, ..plain });
        let track = read("video,format=m3u8-aapl-v3,audiotrack=audio_fra");
        assert_eq!(track.audio_track.as_deref(), Some("audio_fra"));
        assert_eq!(track.inherited(), "format=m3u8-aapl-v3,audiotrack=audio_fra");
        assert!(read("format=m3u8-aapl-v8").knows_renditions() && !track.knows_renditions());
        assert!(read("video,format=m3u8-aapl,type=keyframes").key_frames);
    }

    #[test]
    fn other_outputs_and_what_is_not_offered() {
        for other in ["", "video", "format=mpd-time-csf", "format=m3u8-cmaf"] {
            assert_eq!(Options::read(other), None, "{other}");
        }
        let error = |text| Options::read(text).unwrap().unwrap_err();
        assert_eq!(error("format=m3u8-foo"), Unknown::Format("m3u8-foo".into()));
        assert_eq!(error("format=m3u8-aapl-v33"), Unknown::Format("m3u8-aapl-v33".into()));
        assert_eq!(error("format=m3u8-aapl,filter=mobile"), Unknown::Option("filter=mobile".into()));
        assert_eq!(error("format=m3u8-aapl,type=x"), Unknown::Option("type=x".into()));
    }
}
