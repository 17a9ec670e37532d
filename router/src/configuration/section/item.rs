//! One value of a configuration.

use super::*;

/// A value, and where it is. What reads it says what it should be.
#[derive(Debug)]
pub(crate) struct Item<'a> {
    pub(super) value: &'a Value,
    pub(super) place: String,
    pub(super) reading: &'a Reading,
}

impl<'a> Item<'a> {
    /// Where it is, as messages say it.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// The value itself.
    pub(crate) fn raw(&self) -> &'a Value {
        self.value
    }

    /// Something is wrong with it.
    pub(crate) fn problem(self, message: impl Into<String>) {
        self.reading.problem(self.place, message);
    }

    fn wrong<T>(self, expected: &str) -> Option<T> {
        let found = self.value.kind();
        let quotes = match self.value {
            Value::Bool(_) | Value::Integer(_) | Value::Float(_) if expected == "a text" => ": put it in quotes",
            _ => "",
        };
        self.problem(format!("this has to be {expected}, not {found}{quotes}"));
        None
    }

    pub(crate) fn text(self) -> Option<&'a str> {
        match self.value {
            Value::Text(text) => Some(text),
            _ => self.wrong("a text"),
        }
    }

    pub(crate) fn uri(self) -> Option<&'a str> {
        let (place, reading) = (self.place.clone(), self.reading);
        let text = self.text()?;
        match Uri::parse(text) {
            Ok(_) => Some(text),
            Err(error) => {
                reading.problem(place, error.to_string());
                None
            }
        }
    }

    pub(crate) fn secret(self) -> Option<String> {
        let (place, reading) = (self.place.clone(), self.reading);
        let text = self.text()?;
        let Some(name) = environment_variable(text) else { return Some(text.to_owned()) };
        match std::env::var(name) {
            Ok(value) => Some(value),
            Err(_) => {
                reading.problem(place, format!("the environment variable {name} is not set, or no text"));
                None
            }
        }
    }

    pub(crate) fn bool(self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(*value),
            _ => self.wrong("true or false"),
        }
    }

    pub(crate) fn integer(self, bounds: RangeInclusive<u64>) -> Option<u64> {
        let Value::Integer(value) = *self.value else { return self.wrong("an integer") };
        match u64::try_from(value).ok().filter(|value| bounds.contains(value)) {
            Some(value) => Some(value),
            None => {
                let (least, most) = bounds.into_inner();
                let expected = match most {
                    u64::MAX => format!("at least {least}"),
                    _ => format!("from {least} to {most}"),
                };
                self.problem(format!("this has to be {expected}, not {value}"));
                None
            }
        }
    }

    pub(crate) fn duration(self, unit: f64) -> Option<Duration> {
        let value = match *self.value {
            Value::Integer(value) => value as f64,
            Value::Float(value) => value,
            _ => return self.wrong("a number"),
        };
        // No timer goes further than a century.
        let duration = Duration::try_from_secs_f64(value * unit).ok().filter(|it| it.as_secs() < 100 * 366 * 86_400);
        if duration.is_none() {
            self.problem(format!("{value} is no time to wait"));
        }
        duration
    }

    pub(crate) fn path(self) -> Option<PathBuf> {
        let folder = &self.reading.folder;
        self.text().map(|path| folder.join(path))
    }

    pub(crate) fn choice<T: Clone>(self, choices: &[(&str, T)]) -> Option<T> {
        let (place, reading) = (self.place.clone(), self.reading);
        let text = self.text()?;
        let chosen = choices.iter().find(|(name, _)| *name == text);
        if chosen.is_none() {
            let names = || choices.iter().map(|(name, _)| *name);
            let hint = match nearest(text, names()) {
                Some(nearest) => format!("did you mean {nearest:?}?"),
                None => format!("known here: {}", names().collect::<Vec<_>>().join(", ")),
            };
            reading.problem(place, format!("unknown value {text:?}; {hint}"));
        }
        chosen.map(|(_, choice)| choice.clone())
    }

    pub(crate) fn list(self) -> Option<Vec<Item<'a>>> {
        let Value::List(items) = self.value else { return self.wrong("a list") };
        let item = |(at, value)| Item { value, place: format!("{}[{at}]", self.place), reading: self.reading };
        Some(items.iter().enumerate().map(item).collect())
    }

    pub(crate) fn section(self) -> Option<Section<'a>> {
        match self.value {
            Value::Object(entries) => Some(Section {
                entries,
                place: self.place,
                reading: self.reading,
                known: RefCell::default(),
                ignored: RefCell::default(),
                unsupported: RefCell::default(),
                any: false,
            }),
            _ => self.wrong("an object"),
        }
    }
}

/// The name in `$NAME` or `${NAME}`.
pub(crate) fn environment_variable(text: &str) -> Option<&str> {
    let name = text.strip_prefix('$')?;
    let name = name.strip_prefix('{').map_or(Some(name), |name| name.strip_suffix('}'))?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_name = name.bytes().all(plain) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    is_name.then_some(name)
}
