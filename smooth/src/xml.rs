//! Guarded XML reading: encodings, depth, no DTD.
