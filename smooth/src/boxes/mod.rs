//! Fragments and init segments: read, rewrite, build.
