//! Reads the objects of a configuration, and collects all that is wrong with them.

mod item;

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use wamp_proto::Uri;

use super::document::Value;
use super::problems::{Problem, nearest};

pub(crate) use item::{Item, environment_variable};

/// What the sections of a configuration share.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// What relative paths are relative to.
    folder: PathBuf,
    problems: RefCell<Vec<Problem>>,
    /// Keys that mean nothing here.
    ignored: RefCell<Vec<String>>,
    warnings: RefCell<Vec<Problem>>,
    /// The keys that are accepted at each place.
    #[cfg(test)]
    known: RefCell<Vec<(String, Vec<&'static str>)>>,
}

/// What a configuration was found to say, apart from what it means.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Remarks {
    /// What is wrong. The configuration can be used only if there is nothing.
    pub(crate) problems: Vec<Problem>,
    /// The places of keys that mean nothing here, without the numbers of list items: each once.
    pub(crate) ignored: Vec<String>,
    /// What is allowed, and may not be what is wanted.
    pub(crate) warnings: Vec<Problem>,
    /// The keys that are accepted at each place.
    #[cfg(test)]
    pub(crate) known: Vec<(String, Vec<&'static str>)>,
}

impl Reading {
    /// Begins to read a configuration whose relative paths are relative to `folder`.
    pub(crate) fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), ..Self::default() }
    }

    /// The outermost value.
    pub(crate) fn root<'a>(&'a self, value: &'a Value) -> Item<'a> {
        Item { value, place: String::new(), reading: self }
    }

    /// What was remarked. All sections have to be gone.
    pub(crate) fn end(self) -> Remarks {
        Remarks {
            problems: self.problems.into_inner(),
            ignored: self.ignored.into_inner(),
            warnings: self.warnings.into_inner(),
            #[cfg(test)]
            known: self.known.into_inner(),
        }
    }

    fn problem(&self, place: String, message: impl Into<String>) {
        self.problems.borrow_mut().push(Problem { place, message: message.into() });
    }
}

/// An object of the configuration. Its keys are read by name; in the end ([`finish`](Self::finish), or when it is
/// dropped) each key that nobody has asked for is a problem.
///
/// What has the wrong type or value is a problem, and is answered with `None` like what is not there: who reads goes on
/// with a default, and all that is wrong is found in one go. A key whose value is `null` is one that is not there.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    entries: &'a [(String, Value)],
    place: String,
    reading: &'a Reading,
    /// Keys that somebody has asked for: those that are known here.
    known: RefCell<Vec<&'static str>>,
    /// Those of them that are accepted and mean nothing.
    ignored: RefCell<Vec<&'static str>>,
    /// Those of them that are refused.
    unsupported: RefCell<Vec<&'static str>>,
    /// Whether nothing is to be said of keys that nobody has asked for.
    any: bool,
}

impl<'a> Section<'a> {
    /// Where it is, as messages say it.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Where one of its keys is.
    pub(crate) fn place_of(&self, key: &str) -> String {
        if self.place.is_empty() { key.to_owned() } else { format!("{}.{key}", self.place) }
    }

    /// Whether there is something at this key. It counts as read.
    pub(crate) fn has(&self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    /// The value of a key, whatever it is.
    pub(crate) fn value(&self, key: &'static str) -> Option<Item<'a>> {
        self.known.borrow_mut().push(key);
        let (_, value) = self.entries.iter().find(|(name, _)| name == key)?;
        (*value != Value::Null).then(|| Item { value, place: self.place_of(key), reading: self.reading })
    }

    /// The value of a key that has to be there.
    pub(crate) fn required(&self, key: &'static str) -> Option<Item<'a>> {
        let value = self.value(key);
        if value.is_none() {
            self.problem(format!("the key {key:?} is missing"));
        }
        value
    }

    /// A text.
    pub(crate) fn text(&self, key: &'static str) -> Option<&'a str> {
        self.value(key)?.text()
    }

    /// A text that has to be there.
    pub(crate) fn required_text(&self, key: &'static str) -> Option<&'a str> {
        self.required(key)?.text()
    }

    /// A URI.
    pub(crate) fn uri(&self, key: &'static str) -> Option<&'a str> {
        self.value(key)?.uri()
    }

    /// A URI that has to be there.
    pub(crate) fn required_uri(&self, key: &'static str) -> Option<&'a str> {
        self.required(key)?.uri()
    }

    /// A secret: a text, or the environment variable that has it, as `$NAME` or `${NAME}`.
    pub(crate) fn secret(&self, key: &'static str) -> Option<String> {
        self.value(key)?.secret()
    }

    /// A secret that has to be there.
    pub(crate) fn required_secret(&self, key: &'static str) -> Option<String> {
        let secret = self.required(key)?.secret()?;
        if secret.is_empty() {
            self.problem_at(key, "this is empty: anybody could guess it");
            return None;
        }
        Some(secret)
    }

    /// Yes or no.
    pub(crate) fn bool(&self, key: &'static str) -> Option<bool> {
        self.value(key)?.bool()
    }

    /// An integer within bounds.
    pub(crate) fn integer(&self, key: &'static str, bounds: RangeInclusive<u64>) -> Option<u64> {
        self.value(key)?.integer(bounds)
    }

    /// A number of things or bytes, within bounds.
    pub(crate) fn count(&self, key: &'static str, bounds: RangeInclusive<usize>) -> Option<usize> {
        let value = self.integer(key, *bounds.start() as u64..=*bounds.end() as u64)?;
        usize::try_from(value).ok()
    }

    /// A time in seconds, which may have a fraction.
    pub(crate) fn seconds(&self, key: &'static str) -> Option<Duration> {
        self.value(key)?.duration(1.0)
    }

    /// A time in milliseconds.
    pub(crate) fn milliseconds(&self, key: &'static str) -> Option<Duration> {
        self.value(key)?.duration(1e-3)
    }

    /// A path; a relative one is relative to the folder of the configuration.
    pub(crate) fn path(&self, key: &'static str) -> Option<PathBuf> {
        self.value(key)?.path()
    }

    /// A path that has to be there.
    pub(crate) fn required_path(&self, key: &'static str) -> Option<PathBuf> {
        self.required(key)?.path()
    }

    /// One of several words, and what it stands for.
    pub(crate) fn choice<T: Clone>(&self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        self.value(key)?.choice(choices)
    }

    /// One of several words, which has to be there.
    pub(crate) fn required_choice<T: Clone>(&self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        self.required(key)?.choice(choices)
    }

    /// An object within this one.
    pub(crate) fn section(&self, key: &'static str) -> Option<Section<'a>> {
        self.value(key)?.section()
    }

    /// An object within this one, which has to be there.
    pub(crate) fn required_section(&self, key: &'static str) -> Option<Section<'a>> {
        self.required(key)?.section()
    }

    /// A list; empty if there is none.
    pub(crate) fn list(&self, key: &'static str) -> Vec<Item<'a>> {
        self.value(key).and_then(|value| value.list()).unwrap_or_default()
    }

    /// The objects of a list.
    pub(crate) fn sections(&self, key: &'static str) -> Vec<Section<'a>> {
        self.list(key).into_iter().filter_map(Item::section).collect()
    }

    /// The texts of a list.
    pub(crate) fn texts(&self, key: &'static str) -> Option<Vec<&'a str>> {
        Some(self.value(key)?.list()?.into_iter().filter_map(Item::text).collect())
    }

    /// All keys and their values, where the keys are names somebody has chosen.
    pub(crate) fn entries(mut self) -> Vec<(&'a str, Item<'a>)> {
        self.any = true;
        let item = |(key, value): &'a (String, Value)| {
            let place = format!("{}[{key:?}]", self.place);
            (key.as_str(), Item { value, place, reading: self.reading })
        };
        self.entries.iter().map(item).collect()
    }

    /// The folder relative paths are relative to.
    pub(crate) fn folder(&self) -> &'a Path {
        &self.reading.folder
    }

    /// Keys that mean nothing here: a warning lists those that are there.
    pub(crate) fn ignored(&self, keys: &[&'static str]) {
        self.ignored.borrow_mut().extend(keys);
        for key in keys {
            if self.has(key) {
                let place = without_numbers(&self.place_of(key));
                let mut ignored = self.reading.ignored.borrow_mut();
                if !ignored.contains(&place) {
                    ignored.push(place);
                }
            }
        }
    }

    /// A key that asks for what there is not. It is a problem if it is there; `instead` says what to do.
    pub(crate) fn unsupported(&self, key: &'static str, instead: &str) {
        self.unsupported.borrow_mut().push(key);
        if let Some(value) = self.value(key) {
            value.problem(format!("not supported: {instead}"));
        }
    }

    /// Something is wrong with this object.
    pub(crate) fn problem(&self, message: impl Into<String>) {
        self.reading.problem(self.place.clone(), message);
    }

    /// Something is wrong with the value of a key.
    pub(crate) fn problem_at(&self, key: &str, message: impl Into<String>) {
        self.reading.problem(self.place_of(key), message);
    }

    /// Something is wrong at a place.
    pub(crate) fn problem_in(&self, place: &str, message: impl Into<String>) {
        self.reading.problem(place.to_owned(), message);
    }

    /// Something is allowed here, and may not be what is wanted.
    pub(crate) fn warn(&self, message: impl Into<String>) {
        let warning = Problem { place: self.place.clone(), message: message.into() };
        self.reading.warnings.borrow_mut().push(warning);
    }

    /// Something is allowed at a place, and may not be what is wanted.
    pub(crate) fn warn_at(&self, place: &str, message: impl Into<String>) {
        let warning = Problem { place: place.to_owned(), message: message.into() };
        self.reading.warnings.borrow_mut().push(warning);
    }

    /// Ends reading it: each key that nobody has asked for is a problem.
    pub(crate) fn finish(self) {}

    /// Ends reading it without looking at the rest, since too little of it is understood.
    pub(crate) fn abandon(mut self) {
        self.any = true;
    }
}

impl Drop for Section<'_> {
    fn drop(&mut self) {
        if self.any {
            return;
        }
        let mut known = self.known.take();
        known.sort_unstable();
        known.dedup();
        let (ignored, unsupported) = (self.ignored.take(), self.unsupported.take());
        let accepted = || known.iter().copied().filter(|key| !unsupported.contains(key));
        #[cfg(test)]
        self.reading.known.borrow_mut().push((self.place.clone(), accepted().collect()));
        let useful: Vec<_> = accepted().filter(|key| !ignored.contains(key)).collect();
        for (key, _) in self.entries.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            let hint = match nearest(key, known.iter().copied()) {
                Some(nearest) => format!("did you mean {nearest:?}?"),
                None if useful.is_empty() => "there are none here".to_owned(),
                None => format!("known here: {}", useful.join(", ")),
            };
            self.reading.problem(self.place_of(key), format!("unknown key {key:?}; {hint}"));
        }
    }
}

/// `workers[].options.title`: a key that means nothing here does so in each item of a list.
fn without_numbers(place: &str) -> String {
    let mut short = String::with_capacity(place.len());
    for part in place.split_inclusive('[') {
        let rest = part.trim_start_matches(|char: char| char.is_ascii_digit());
        short.push_str(if rest.starts_with(']') { rest } else { part });
    }
    short
}

#[cfg(test)]
mod tests;
