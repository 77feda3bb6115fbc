//! The engine in a world of its own, in virtual time: an origin, a network, a media source and an element,
//! simple enough to be right, with every figure a plain field.

mod captions;
mod keys;
mod live;
mod network;
mod networks;
mod origin;
mod random;
mod stories;
mod tracks;
mod troubles;
mod world;

pub(super) use origin::{Broadcast, Fault, Feed, Origin};
pub(super) use world::World;

use smooth::manifest::Kind;

use super::{Notice, Problem, Settings, SwitchReason};

fn world(origin: Origin) -> World {
    let mut world = World::new(origin, Settings::default());
    world.load(None);
    world
}

fn errors(world: &World) -> Vec<Problem> {
    let problem = |n: &(f64, Notice)| if let Notice::Error(p) = &n.1 { Some(p.clone()) } else { None };
    world.notices.iter().filter_map(problem).collect()
}

fn renditions(world: &World) -> Vec<(f64, u32, SwitchReason)> {
    let rendition = |(at, notice): &(f64, Notice)| match notice {
        Notice::RenditionChange { kind: Kind::Video, to, reason, .. } => Some((*at, *to, *reason)),
        _ => None,
    };
    world.notices.iter().filter_map(rendition).collect()
}
