//! Which track of which file is a level of the client manifest.

use smooth::manifest::{QualityLevel, Stream};
use smooth::smil::presentation::Track;
use smooth::url::{self, FragmentRequest, Request};

/// How fragments of a level are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Name in the URL; that of the stream, in most manifests.
    pub(super) name: String,
    /// Custom attributes in the URL.
    pub(super) attributes: Vec<(String, String)>,
}

/// What the URLs of `level` say; `None` if they are none that this server answers.
pub(super) fn address(stream: &Stream, level: &QualityLevel) -> Option<Address> {
    let url = url::expand(&stream.url, level, 0).ok()?;
    match Request::parse(&url).ok()? {
        Request::Fragment(FragmentRequest { name, attributes, bitrate, event: None, .. })
            if bitrate == level.bitrate =>
        {
            Some(Address { name, attributes })
        }
        _ => None,
    }
}

/// The track among `tracks` that `level` of `stream`, asked for by `name`, is: of the same kind and
/// bitrate, and the best in name and custom attributes. Manifests of several makers leave the name out, or
/// call the stream otherwise: where the bitrate leaves no choice, it decides.
pub(super) fn track(tracks: &[Track], stream: &Stream, level: &QualityLevel, name: &str) -> Option<usize> {
    let candidates: Vec<_> = tracks
        .iter()
        .enumerate()
        .filter(|(_, t)| t.kind == stream.kind && t.bitrate == level.bitrate)
        .collect();
    let named = |t: &Track| [name, &stream.name].iter().any(|n| n.eq_ignore_ascii_case(&t.name));
    let attributed = |t: &Track| level.custom_attributes.iter().all(|a| says(t, a));
    let speaks = |t: &Track| !t.language.is_empty() && t.language.eq_ignore_ascii_case(&stream.language);
    let best = candidates.iter().copied().max_by_key(|&(index, t)| {
        // The first of equals.
        (named(t), attributed(t), speaks(t), std::cmp::Reverse(index))
    })?;
    let certain = named(best.1) || candidates.len() == 1 || speaks(best.1);
    certain.then_some(best.0)
}

/// Whether `track` has the custom attribute, which may have a namespace before it there.
fn says(track: &Track, (key, value): &(String, String)) -> bool {
    let is = |name: &str| {
        name.eq_ignore_ascii_case(key)
            || name.split_once('_').is_some_and(|(_, bare)| bare.eq_ignore_ascii_case(key))
    };
    track.other.iter().any(|(name, v)| is(name) && v == value)
}

#[cfg(test)]
mod tests {
    use smooth::Limits;
    use smooth::manifest::{self, Kind};

    use super::*;

    fn streams(body: &str) -> Vec<Stream> {
        let xml = format!(
            "<SmoothStreamingMedia MajorVersion='2' MinorVersion='0' Duration='1'>{body}</SmoothStreamingMedia>"
        );
        manifest::read(xml.as_bytes(), &Limits::default()).unwrap().streams
    }

    fn named(name: &str, track: Track) -> Track {
        Track { name: name.into(), ..track }
    }

    #[test]
    fn the_address_is_what_the_template_makes_of_the_level() {
        let stream = &streams(
            "<StreamIndex Type='video' Name='main' Url='QualityLevels({bitrate},{CustomAttributes})/Fragments(cam2={start time})'>\
             <QualityLevel Bitrate='5' FourCC='H264'><CustomAttributes><Attribute Name='a' Value='b'/></CustomAttributes></QualityLevel>\
             <c d='1'/></StreamIndex>\
             <StreamIndex Type='audio' Url='other/{bitrate}/{start time}'><QualityLevel Bitrate='1'/><c d='1'/></StreamIndex>",
        );
        let found = address(&stream[0], &stream[0].levels[0]).unwrap();
        assert_eq!(found, Address { name: "cam2".into(), attributes: vec![("a".into(), "b".into())] });
        assert_eq!(address(&stream[1], &stream[1].levels[0]), None);
    }

    #[test]
    fn names_and_attributes_choose_among_tracks_of_one_bitrate() {
        let body = "<StreamIndex Type='audio' Name='audio_deu' Language='deu' Url='QualityLevels({bitrate})/Fragments(audio_deu={start time})'>\
             <QualityLevel Bitrate='64000'><CustomAttributes><Attribute Name='angle' Value='2'/></CustomAttributes></QualityLevel>\
             <QualityLevel Bitrate='96000'/><c d='1'/></StreamIndex>";
        let stream = &streams(body)[0];
        let audio = |bitrate| Track::new(Kind::Audio, "a.isma", bitrate);
        let angle = |value: &str, track| Track { other: vec![("cam_angle".into(), value.into())], ..track };
        let tracks = [
            Track::new(Kind::Video, "a.ismv", 64_000),
            named("audio_eng", audio(64_000)),
            named("AUDIO_deu", angle("1", audio(64_000))),
            named("audio_deu", angle("2", audio(64_000))),
            named("audio_deu", audio(64_000)),
            audio(96_000),
        ];
        let find = |tracks: &[Track], level: usize| track(tracks, stream, &stream.levels[level], "audio_deu");
        assert_eq!(find(&tracks, 0), Some(3));
        assert_eq!(find(&tracks[..3], 0), Some(2), "a name is worth more than an attribute");
        assert_eq!(find(&tracks, 1), Some(5), "the bitrate leaves no choice");
        assert_eq!(find(&tracks[..5], 1), None);
        let twice = [audio(96_000), Track { language: "deu".into(), ..audio(96_000) }];
        assert_eq!(find(&twice, 1), Some(1), "the language tells them apart");
        assert_eq!(find(&[audio(96_000), audio(96_000)], 1), None, "nothing does");
    }
}
