//! `wamp-router init`: a configuration to begin with.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, bail};

/// What is written.
const STARTER: &str = include_str!("init/starter.yaml");

/// Writes the starter, where there is nothing yet.
pub(crate) fn write(file: &Path) -> anyhow::Result<()> {
    if !matches!(file.extension().and_then(|extension| extension.to_str()), Some("yaml" | "yml")) {
        bail!("{}: the file has comments, so it is YAML: let its name end with .yaml", file.display());
    }
    let place = || file.display().to_string();
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(place)?;
    }
    match fs::OpenOptions::new().write(true).create_new(true).open(file) {
        Ok(mut new) => new.write_all(STARTER.as_bytes()).with_context(place)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!("{} is there already", file.display()),
        Err(error) => return Err(error).with_context(place),
    }
    println!("{0} is written; `wamp-router start --config {0}` runs a router with it", file.display());
    Ok(())
}
