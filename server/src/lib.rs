//! The Smooth Streaming origin.
