//! The laboratory of bitrate decisions: rules over bandwidth traces, in virtual time.
//!
//! ```text
//! traces/ ─→ Trace ─→ Link ─┬─→ session   a rule from the literature, a segment at a time
//!  films  ─→ Film ──────────┼─→ engine    the player's own engine, unchanged, through its events
//!                           └─→ optimum   the best that was possible, with the trace known
//!                                  ↓
//!                               Outcome ─→ report (tables, plots)
//! ```
//!
//! Units throughout: time in milliseconds, sizes in bits, rates in kbit/s (which is bits per millisecond).
//! Numbers are `f64`: nothing here is a media timestamp.
//!
//! The link is the one of the published experiments with these traces: a request costs one latency before
//! its first bit, then bits flow at the trace's rate; a trace that ends begins again. Connections do not
//! start slowly and do not lose packets, for the traces were measured above TCP and hold both already.

#![allow(clippy::unwrap_used, reason = "a laboratory ends at the first surprise in its own data")]

pub mod engine;
pub mod film;
pub mod link;
pub mod optimum;
pub mod outcome;
pub mod replay;
pub mod report;
pub mod rules;
pub mod session;
pub mod sets;
pub mod synthetic;
pub mod trace;

pub use film::Film;
pub use link::Link;
pub use outcome::Outcome;
pub use trace::Trace;
