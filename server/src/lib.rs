//! The Smooth Streaming origin: live ingest, publishing points, archive, delivery, administration.
//!
//! In the order of the data:
//!
//! | module | what it does |
//! | --- | --- |
//! | [`ingest`] | an encoder's POST, taken apart |
//! | [`publishing_point`] | one writer each; where a fragment belongs, when it is shown; snapshots for readers |
//! | [`archive`] | what was shown, on disk: append, recover, finish |
//! | [`on_demand`] | presentations that lie under the root, as snapshots |
//! | [`deliver`] | from a snapshot to Smooth Streaming, HLS and DASH: pure functions and a thin edge |
//! | [`admin`] | JSON API, the resources of IIS, metrics, the page |
//! | [`config`] | settings from flags, environment and one file |
//! | [`assets`] | pages and player, built in |
//! | [`http`] | listener, TLS, credentials, limits, dispatch, static files |
//! | [`cli`] | the subcommands |
//!
//! [`serve`] runs all of it in the calling process.

pub mod admin;
pub mod archive;
pub mod assets;
pub mod cli;
pub mod config;
pub mod deliver;
pub mod http;
pub mod ingest;
pub mod on_demand;
pub mod publishing_point;

pub use http::serve;
