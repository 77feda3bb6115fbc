//! The pages and the player that are built into this program: the files of `dist/`.

use std::borrow::Cow;

use rust_embed::RustEmbed;

/// The file `name`; `None` in a program that was built without it.
#[must_use]
pub fn load(name: &str) -> Option<Cow<'static, [u8]>> {
    Dist::get(name).map(|file| file.data)
}

#[derive(RustEmbed)]
#[folder = "../dist"]
#[allow_missing = true]
struct Dist;
