//! The engine in a world of its own, in virtual time: an origin, a network, a media source and an element,
//! simple enough to be right, with every figure a plain field.

mod origin;
mod random;
mod stories;
mod world;

pub(super) use origin::{Broadcast, Fault, Feed, Origin};
pub(super) use world::World;
