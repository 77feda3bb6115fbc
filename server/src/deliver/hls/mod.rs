//! HLS of a snapshot, RFC 8216, under the addresses that IIS Media Services gave it.
//!
//! | address, relative to the publishing point | |
//! | --- | --- |
//! | `Manifest(format=m3u8-aapl).m3u8` | master playlist |
//! | `QualityLevels(b)/Manifest(video,format=m3u8-aapl).m3u8` | playlist of one level |
//! | `QualityLevels(b)/Fragments(video=t,format=m3u8-aapl).ts` | a segment |
//! | `QualityLevels(b)/Manifest(video,format=m3u8-aapl,type=keyframes).m3u8` | playlist of its key frames |
//! | `QualityLevels(b)/KeyFrames(video=t,format=m3u8-aapl).ts` | a key frame |
//! | `QualityLevels(b)/Fragments(captions=t,format=m3u8-aapl).vtt` | captions |
//! | `Key` | what segments are encrypted with |
//!
//! `t` is when the first chunk of the segment begins, in ticks of the stream of pictures. Extensions may
//! be left out, `Events(id)/` may stand before all of them.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`options`] | what stands in parentheses |
//! | [`tracks`] | what of a snapshot goes into transport streams |
//! | [`master`], [`media`] | playlists of a snapshot |
//! | [`segments`] | where segments begin and end |
//! | [`playlist`] | playlists as text |
//! | [`recipe`], [`segment`] | one segment: fragments in, transport stream out |
//! | [`ts`] | transport streams |
//! | [`captions`] | captions beside them |
//! | [`crypt`] | AES-128 |
//! | [`cache`] | segments made lately |
//! | [`cmaf`] | playlists of fragmented MP4, whose segments are [`deliver::cmaf`](super::cmaf)'s |
//! | [`route`] | the edge |

pub mod cache;
pub mod captions;
pub mod cmaf;
pub mod crypt;
pub mod master;
pub mod media;
pub mod options;
pub mod playlist;
pub mod recipe;
pub mod route;
pub mod segment;
pub mod segments;
pub mod tracks;
pub mod ts;
