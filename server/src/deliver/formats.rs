//! The outputs beside Smooth Streaming, and which of them a publishing point offers.

use smooth::smil::definition::Definition;

use crate::config::Settings;

/// An output, as `format=` of an address names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// HLS with fragmented MP4.
    Cmaf,
    /// DASH.
    Dash,
}

impl Format {
    /// Its name, as operators write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cmaf => "m3u8-cmaf",
            Self::Dash => "mpd-time-csf",
        }
    }

    /// The output that `options` of an address ask for, as `video,format=m3u8-cmaf`.
    #[must_use]
    pub fn of(options: &str) -> Option<Self> {
        Self::named(option(options, "format")?)
    }

    fn named(name: &str) -> Option<Self> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        // What Azure called its DASH with CMAF segments, which ours are.
        let dash = is(Self::Dash.name()) || is("mpd-time-cmaf");
        if dash { Some(Self::Dash) } else { is(Self::Cmaf.name()).then_some(Self::Cmaf) }
    }

    /// Whether a publishing point with `definition` offers it.
    #[must_use]
    pub fn is_on(self, settings: &Settings, definition: &Definition) -> bool {
        offered(settings, definition).any(|name| Self::named(name) == Some(self))
    }
}

/// Names of the outputs that settings and `definition` turn on. Those of a presentation on demand have
/// become part of its definition when it was opened.
pub fn offered<'a>(settings: &'a Settings, definition: &'a Definition) -> impl Iterator<Item = &'a str> {
    let points = if definition.module.eq_ignore_ascii_case(ON_DEMAND) { "" } else { &settings.formats };
    let default = points.split([',', ';']).map(str::trim);
    default.chain(definition.formats.iter().map(String::as_str))
}

/// `module` of presentations on demand.
pub const ON_DEMAND: &str = "smoothStreaming";

/// The value of `key` among options: `key=value` between commas, in any letter case.
#[must_use]
pub fn option<'a>(options: &'a str, key: &str) -> Option<&'a str> {
    let pairs = options.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(k, v)| (k.trim(), v.trim())).find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_definition_turn_outputs_on() {
        let mut settings = Settings::default();
        let mut definition = Definition::default();
        let on = |settings: &Settings, definition: &Definition| {
            [Format::Cmaf, Format::Dash].map(|format| format.is_on(settings, definition))
        };
        assert_eq!(on(&settings, &definition), [true, true]);
        settings.formats = String::new();
        assert_eq!(on(&settings, &definition), [false, false]);
        definition.formats = vec!["m3u8-aapl".into(), "MPD-time-csf".into()];
        assert_eq!(on(&settings, &definition), [false, true]);
        definition.module = ON_DEMAND.into();
        settings.formats = "m3u8-cmaf".into();
        assert_eq!(on(&settings, &definition), [false, true], "the settings of points are not for it");
        definition.module = "liveSmoothStreaming".into();
        settings.formats = "m3u8-aapl; m3u8-cmaf".into();
        assert_eq!(on(&settings, &definition), [true, true]);
    }

    #[test]
    fn options_in_the_forms_that_clients_send() {
        assert_eq!(Format::of("format=mpd-time-csf"), Some(Format::Dash));
        assert_eq!(Format::of("video, FORMAT=mpd-time-CMAF ,offset=1"), Some(Format::Dash));
        assert_eq!(Format::of("video,format=m3u8-cmaf"), Some(Format::Cmaf));
        assert_eq!(Format::of("m3u8-cmaf"), None);
        assert_eq!(Format::of("format=m3u8-aapl"), None);
        assert_eq!(option("a=1,offset= 2", "offset"), Some("2"));
    }
}
