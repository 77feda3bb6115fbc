//! The `silverlane` command.

fn main() {}
