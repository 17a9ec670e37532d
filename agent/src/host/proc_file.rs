//! A file of the kernel that is read again and again.

use std::{fs::File, io, os::unix::fs::FileExt, path::PathBuf};

use super::part::CollectError;

/// A file below `/proc` or `/sys`: opened once, read from its beginning every time, into one buffer.
#[derive(Debug)]
pub(super) struct ProcFile {
    path: PathBuf,
    file: Option<File>,
    content: Vec<u8>,
}

impl ProcFile {
    pub(super) fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), file: None, content: Vec::new() }
    }

    /// The file's content now.
    pub(super) fn read(&mut self) -> Result<&[u8], CollectError> {
        if let Err(source) = self.fill() {
            // Perhaps another try with another descriptor helps.
            self.file = None;
            return Err(CollectError::Read { path: self.path.clone(), source });
        }
        Ok(&self.content)
    }

    /// The file's content now, for files that hold nothing but text.
    pub(super) fn read_text(&mut self) -> Result<&str, CollectError> {
        let path = self.path.clone();
        let content = self.read()?;
        str::from_utf8(content).map_err(|_| CollectError::Malformed {
            path,
            line: String::from_utf8_lossy(content)
                .lines()
                .find(|line| line.contains('\u{fffd}'))
                .unwrap_or_default()
                .to_owned(),
        })
    }

    /// The open file, for waiting on it.
    pub(super) fn file(&self) -> Option<&File> {
        self.file.as_ref()
    }

    /// The error that names this file.
    pub(super) fn malformed(&self, Malformed(line): Malformed) -> CollectError {
        CollectError::Malformed { path: self.path.clone(), line }
    }

    fn fill(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::open(&self.path)?),
        };
        let mut length = 0;
        loop {
            // The kernel makes whole files of this size at a time, so the next read mostly finds the end.
            if self.content.len() < length + 4096 {
                self.content.resize(length + 4096, 0);
            }
            match file.read_at(&mut self.content[length..], length as u64) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.content.truncate(length);
        Ok(())
    }
}

/// A line that is not understood.
#[derive(Debug, PartialEq)]
pub(super) struct Malformed(pub(super) String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_is_the_present_one() {
        let path = std::env::temp_dir().join(format!("wamp-agent-proc-{}", std::process::id()));
        std::fs::write(&path, "one").unwrap();
        let mut file = ProcFile::new(&path);
        assert_eq!(file.read_text().unwrap(), "one");
        std::fs::write(&path, "x".repeat(10_000)).unwrap();
        assert_eq!(file.read_text().unwrap().len(), 10_000);
        std::fs::write(&path, "two").unwrap();
        assert_eq!(file.read_text().unwrap(), "two");
        std::fs::write(&path, b"ab\xff").unwrap();
        assert!(matches!(file.read_text(), Err(CollectError::Malformed { .. })));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(ProcFile::new(&path).read(), Err(CollectError::Read { .. })));
    }
}
