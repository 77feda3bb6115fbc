//! The harness of the tests of the whole chain: real encoders, a real browser, a network that can be made
//! slow, and judges that we did not write.
//!
//! A test that needs a program which is not there fails and names the command that installs it: nothing
//! is skipped. Tests wait for facts, never for a time; deadlines only guard against waiting for ever.

#![allow(clippy::unwrap_used, reason = "tests and their harness end at the first surprise")]

pub mod audience;
pub mod browser;
pub mod encoder;
pub mod files;
pub mod heap;
pub mod judges;
pub mod origin;
pub mod pages;
pub mod peers;
pub mod player;
pub mod process;
pub mod shaper;
pub mod sparse;
pub mod splitter;
pub mod studio;
pub mod ttml;
pub mod viewing;
pub mod web;
