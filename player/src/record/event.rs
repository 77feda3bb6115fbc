//! Events as they are written.

use super::code::{Code, list};
use crate::engine::{Event, Media, Range};

/// An event that was read. [`Event::Media`] borrows lists, which are kept here.
#[derive(Clone, Debug, PartialEq)]
pub enum Told<'a> {
    /// Any but [`Event::Media`].
    Event(Event<'a>),
    /// [`Event::Media`], less its ranges.
    Media {
        /// Everything else.
        media: Media<'static>,
        /// Ranges of the video buffer.
        video: Vec<Range>,
        /// Ranges of the audio buffer.
        audio: Vec<Range>,
    },
}

impl Told<'_> {
    /// Hands the event over.
    pub fn tell<T>(&self, to: impl FnOnce(Event<'_>) -> T) -> T {
        match self {
            Self::Event(event) => to(*event),
            Self::Media { media, video, audio } => to(Event::Media(&Media { video, audio, ..*media })),
        }
    }
}

/// The tag of each event, and its fields.
macro_rules! events {
    ($($tag:literal = $variant:ident { $($field:tt: $name:ident),* })*) => {
        pub(super) fn write(event: &Event<'_>, out: &mut Vec<u8>) {
            match event {
                Event::Media(media) => {
                    out.push(MEDIA);
                    write_media(media, out);
                }
                $(Event::$variant { $($field: $name),* } => {
                    out.push($tag);
                    $($name.write(out);)*
                })*
            }
        }

        impl<'a> Told<'a> {
            pub(super) fn read(input: &mut &'a [u8]) -> Option<Self> {
                Some(Self::Event(match u8::read(input)? {
                    MEDIA => return read_media(input),
                    $($tag => Event::$variant { $($field: Code::read(input)?),* },)*
                    _ => return None,
                }))
            }
        }
    };
}

const MEDIA: u8 = 0;

events! {
    1 = Load { url: url, start: start }
    2 = Opened {}
    3 = Supported { mime: mime, supported: supported }
    4 = ManifestLoaded { request: request, url: url, bytes: bytes }
    5 = ResponseStarted { request: request }
    6 = Pointers { 0: header }
    7 = Head { request: request, moof: moof }
    8 = Received { request: request, total: total }
    9 = Finished { request: request, body: body }
    10 = Failed { request: request, failure: failure }
    11 = Appended { kind: kind, request: request }
    12 = AppendFailed { kind: kind, reason: reason }
    13 = Evicted { kind: kind }
    14 = Seeking { position: position }
    15 = SelectLevel { kind: kind, bitrate: bitrate }
    16 = SelectStream { kind: kind, name: name }
    17 = Merge { 0: url }
    18 = Viewport { width: width, height: height }
    19 = Streaming { wanted: wanted }
    20 = TargetLatency { seconds: seconds }
    21 = Online {}
    22 = WaitingForKey {}
    23 = Stop {}
    24 = Tick {}
    25 = CaptionsUnreadable { time: time, url: url }
}

fn write_media(media: &Media<'_>, out: &mut Vec<u8>) {
    let Media { position, video, audio, paused, ended, seeking, ready, rate, decoded, dropped } = media;
    position.write(out);
    list(video, out);
    list(audio, out);
    paused.write(out);
    ended.write(out);
    seeking.write(out);
    ready.write(out);
    rate.write(out);
    decoded.write(out);
    dropped.write(out);
}

fn read_media<'a>(input: &mut &'a [u8]) -> Option<Told<'a>> {
    let position = Code::read(input)?;
    let (video, audio) = (Code::read(input)?, Code::read(input)?);
    let media = Media {
        position,
        video: &[],
        audio: &[],
        paused: Code::read(input)?,
        ended: Code::read(input)?,
        seeking: Code::read(input)?,
        ready: Code::read(input)?,
        rate: Code::read(input)?,
        decoded: Code::read(input)?,
        dropped: Code::read(input)?,
    };
    Some(Told::Media { media, video, audio })
}
