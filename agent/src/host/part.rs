//! One failing collector is told about once, and the rest go on.

use std::{io, path::PathBuf};

use tracing::{info, warn};

/// Whether a part of the measurement works.
#[derive(Debug)]
pub(super) struct Part {
    name: &'static str,
    failing: bool,
}

impl Part {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, failing: false }
    }

    /// Passes on what was collected. Logs only when the part begins to fail or works again: a broken
    /// collector is asked every second.
    pub(super) fn check<T>(&mut self, collected: Result<T, CollectError>) -> Option<T> {
        match collected {
            Ok(collected) => {
                if std::mem::take(&mut self.failing) {
                    info!(part = self.name, "measured again");
                }
                Some(collected)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    let source = std::error::Error::source(&error).map(tracing::field::display);
                    warn!(part = self.name, %error, source, "can't be measured");
                }
                None
            }
        }
    }
}

/// Why a part could not be measured.
#[derive(Debug, thiserror::Error)]
pub(super) enum CollectError {
    #[error("can't read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not in the form expected: {line:?}", path.display())]
    Malformed { path: PathBuf, line: String },
    #[error("the system doesn't tell the {0}")]
    NotTold(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_fails_and_works_again() {
        let mut part = Part::new("test");
        assert_eq!(part.check(Ok(1)), Some(1));
        assert_eq!(part.check::<i32>(Err(CollectError::NotTold("test"))), None);
        assert!(part.failing);
        assert_eq!(part.check(Ok(2)), Some(2));
        assert!(!part.failing);
    }
}
