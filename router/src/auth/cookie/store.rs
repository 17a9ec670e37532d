//! Who is known by which cookie.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use ahash::AHashMap;
use serde::{Deserialize, Serialize};
use wamp_proto::auth::cryptosign::{hex, unhex};

/// What a cookie is known by: the SHA-256 of its value.
pub(super) type Id = [u8; 32];

/// As many are known at most.
const MOST: usize = 100_000;

/// Lines that the file may have, besides twice those that are needed.
const SPARE: usize = 1000;

/// Why the file is of no use.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the file of cookies {}", path.display())]
pub struct CookieFileError {
    /// The file.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

/// Who somebody is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) realm: Box<str>,
    pub(super) authid: Box<str>,
    pub(super) authrole: Box<str>,
    pub(super) authmethod: Box<str>,
    /// What is left of the credential it has shown. There was none in the files of before: nobody is known by those.
    #[serde(default)]
    pub(super) proof: Box<str>,
    /// When this is good no more, in milliseconds since the beginning of 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) proof_expires: Option<i64>,
}

/// A line of the file. The last one of a cookie counts.
#[derive(Serialize, Deserialize)]
struct Line {
    cookie: String,
    /// Seconds since the beginning of 1970.
    expires: u64,
    /// Nobody any more, if there is none.
    known: Option<Known>,
}

#[derive(Debug)]
pub(super) struct Store {
    known: AHashMap<Id, (u64, Known)>,
    by_expiry: BTreeSet<(u64, Id)>,
    most: usize,
    file: Option<Journal>,
}

/// The file: each change is a line at its end.
#[derive(Debug)]
struct Journal {
    path: PathBuf,
    file: File,
    lines: usize,
}

impl Store {
    pub(super) fn open(path: Option<&Path>, now: u64) -> Result<Self, CookieFileError> {
        let mut store = Self { known: AHashMap::new(), by_expiry: BTreeSet::new(), most: MOST, file: None };
        if let Some(path) = path {
            let failed = |source| CookieFileError { path: path.to_owned(), source };
            store.read(path, now).map_err(failed)?;
            store.rewrite(path).map_err(failed)?;
        }
        Ok(store)
    }

    #[cfg(test)]
    pub(super) fn with_most(most: usize) -> Self {
        Self { known: AHashMap::new(), by_expiry: BTreeSet::new(), most, file: None }
    }

    pub(super) fn get(&self, id: &Id, now: u64) -> Option<&Known> {
        let (expires, known) = self.known.get(id)?;
        (*expires > now).then_some(known)
    }

    pub(super) fn set(&mut self, id: Id, known: Known, now: u64, expires: u64) {
        self.insert(id, known.clone(), now, expires);
        self.append(&Line { cookie: hex(&id), expires, known: Some(known) });
    }

    pub(super) fn forget(&mut self, id: &Id) {
        if self.remove(id) {
            self.append(&Line { cookie: hex(id), expires: 0, known: None });
        }
    }

    fn insert(&mut self, id: Id, known: Known, now: u64, expires: u64) {
        self.remove(&id);
        while let Some((oldest, oldest_id)) = self.by_expiry.first().copied() {
            if oldest > now && self.known.len() < self.most {
                break;
            }
            self.remove(&oldest_id);
        }
        self.by_expiry.insert((expires, id));
        self.known.insert(id, (expires, known));
    }

    fn remove(&mut self, id: &Id) -> bool {
        let Some((expires, _)) = self.known.remove(id) else { return false };
        self.by_expiry.remove(&(expires, *id))
    }

    fn read(&mut self, path: &Path, now: u64) -> io::Result<()> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut strange = 0_usize;
        for line in BufReader::new(file).split(b'\n') {
            let line: Option<Line> = serde_json::from_slice(&line?).ok();
            match line.and_then(|line| Some((unhex(&line.cookie)?, line))) {
                Some((id, Line { expires, known: Some(known), .. })) if expires > now => {
                    self.insert(id, known, now, expires);
                }
                Some((id, _)) => drop(self.remove(&id)),
                None => strange += 1,
            }
        }
        if strange > 0 {
            // The last line may have been cut off; those of Crossbar.io are different.
            tracing::warn!(file = %path.display(), lines = strange, "lines that tell of no cookie were dropped");
        }
        Ok(())
    }

    /// Writes what is known to a new file, in the place of the old one.
    fn rewrite(&mut self, path: &Path) -> io::Result<()> {
        let unfinished = path.with_extension("new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        // Whoever can read it learns who there is.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&unfinished)?;
        let mut writer = io::BufWriter::new(file);
        for (id, (expires, known)) in &self.known {
            let line = Line { cookie: hex(id), expires: *expires, known: Some(known.clone()) };
            serde_json::to_writer(&mut writer, &line)?;
            writer.write_all(b"\n")?;
        }
        let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        self.file = Some(Journal { path: path.to_owned(), file, lines: self.known.len() });
        Ok(())
    }

    fn append(&mut self, line: &Line) {
        let Some(Journal { path, file, lines }) = &mut self.file else { return };
        let mut text = serde_json::to_vec(line).expect("texts and numbers can be JSON");
        text.push(b'\n');
        *lines += 1;
        let is_long = *lines > 2 * self.known.len() + SPARE;
        let path = path.clone();
        let written = file.write_all(&text).and_then(|()| if is_long { self.rewrite(&path) } else { Ok(()) });
        if let Err(error) = written {
            // It is known as long as the router runs.
            tracing::error!(%error, file = %path.display(), "cookies could not be written down");
        }
    }
}
