//! Reads the configuration of a node, in the format of Crossbar.io.
//!
//! A file becomes a tree of values ([`document`]), which is read section by section ([`section`]) into the very settings
//! that the parts of the router are run with. All that is wrong with it is found in one go.

#![allow(dead_code, reason = "what the readers of the single sections need is here before them")]

pub(crate) mod document;
mod paths;
mod problems;
pub(crate) mod section;

pub use problems::{Problem, Problems};
