//! The inputs that are kept: `corpus/` has a few to begin with, `regressions/` those that once went wrong or easily do.

use std::fs;
use std::path::{Path, PathBuf};

/// Hands each kept input of a target to `check`.
pub fn replay(target: &str, mut check: impl FnMut(&[u8])) {
    each("corpus", target, &mut check);
    each("regressions", target, &mut check);
}

/// Hands each input of a target in `folder` to `check`.
pub fn each(folder: &str, target: &str, mut check: impl FnMut(&[u8])) {
    let inputs = inputs(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(folder).join(target));
    assert!(!inputs.is_empty(), "fuzz/{folder}/{target} has nothing to try");
    for input in inputs {
        // Shown when the check fails.
        println!("{}", input.display());
        check(&fs::read(&input).expect("an input can be read"));
    }
}

fn inputs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut inputs: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder can be read").path()).collect();
    inputs.sort();
    inputs
}
