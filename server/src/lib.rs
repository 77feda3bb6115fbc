//! The Smooth Streaming origin: live ingest, publishing points, delivery.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`config`] | settings from flags, environment and one file |

//! | [`http`] | listener, connection limits, dispatch, static files |
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
