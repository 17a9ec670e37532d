//! Transports: frames in, frames out.

pub mod close;
