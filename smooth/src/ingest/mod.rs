//! The push-stream demuxer.
