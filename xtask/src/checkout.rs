//! Where things are in this checkout.

use std::path::{Path, PathBuf};

use anyhow::Context;

/// The folders the steps work in.
#[derive(Debug)]
pub(crate) struct Checkout {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

impl Checkout {
    /// The checkout whose `cargo xtask` this is.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let package = std::env::var_os("CARGO_MANIFEST_DIR").context("run it as cargo xtask")?;
        let root = Path::new(&package).parent().context("xtask lies in the root")?.to_owned();
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        Ok(Self { root, target })
    }

    /// A program of the workspace, as `cargo build` makes it.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }

    /// The npm packages of tests/package.json.
    pub(crate) fn npm(&self) -> PathBuf {
        self.target.join("npm")
    }

    /// The Python environment with the packages of tests/requirements.txt.
    pub(crate) fn venv(&self) -> PathBuf {
        self.target.join("venv")
    }

    /// The Python environment with Crossbar: tests/requirements-crossbar.txt.
    pub(crate) fn crossbar(&self) -> PathBuf {
        self.target.join("venv-crossbar")
    }
}
