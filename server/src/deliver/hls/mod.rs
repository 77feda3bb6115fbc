//! HLS of a snapshot, RFC 8216, under the addresses that IIS Media Services gave it.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`segments`] | where segments begin and end |
//! | [`playlist`] | playlists as text |
//! | [`ts`] | transport streams |
//! | [`route`] | the edge |

pub mod playlist;
pub mod route;
pub mod segments;
pub mod ts;
