//! The adaptive Smooth Streaming player.
