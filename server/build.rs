//! Builds the player's files into a release: see `src/cli/page.rs`.

fn main() {
    // The files of dist/ are known to the compiler once they are built in, but not that they appear.
    // In development they are read when asked for, and without dist/ this line would build the crate
    // anew each time.
    if std::env::var("PROFILE").as_deref() == Ok("release") {
        println!("cargo::rerun-if-changed=../dist");
    } else {
        println!("cargo::rerun-if-changed=build.rs");
    }
}
