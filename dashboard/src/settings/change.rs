//! What somebody asks to be changed of a machine's settings.

use serde_json::Value;

use super::{Frequency, Name, Settings};

/// The fields to change, each checked; the others stay.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// The name to show. Empty: show the one the machine reports.
    pub name: Option<Name>,
    /// See [`Settings::show_cpus`].
    pub show_cpus: Option<bool>,
    /// See [`Settings::show_memory`].
    pub show_memory: Option<bool>,
    /// See [`Settings::show_disk`].
    pub show_disk: Option<bool>,
    /// See [`Settings::disabled`].
    pub disabled: Option<bool>,
    /// See [`Settings::frequency`].
    pub frequency: Option<Frequency>,
}

/// Why a change is refused: names the field, the value and what would be allowed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct InvalidSetting {
    /// The field that is wrong.
    pub field: String,
    /// What is wrong with it and what would be right.
    pub problem: String,
}

/// The fields that can be changed, as a message lists them.
const FIELDS: &str = "name, show_cpus, show_memory, show_disk, disabled, frequency";

impl Change {
    /// Reads the fields of a `fleet.config.set` call.
    ///
    /// # Errors
    /// For the first field that is unknown or has a value it can't have; nothing is changed then.
    pub fn parse<'a>(fields: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Result<Self, InvalidSetting> {
        let mut change = Self::default();
        for (field, value) in fields {
            match field {
                "name" => change.name = Some(name(value)?),
                "show_cpus" => change.show_cpus = Some(switch(field, value)?),
                "show_memory" => change.show_memory = Some(switch(field, value)?),
                "show_disk" => change.show_disk = Some(switch(field, value)?),
                "disabled" => change.disabled = Some(switch(field, value)?),
                "frequency" => change.frequency = Some(frequency(value)?),
                _ => return Err(unknown(field)),
            }
        }
        Ok(change)
    }

    /// Makes the change, except for the name, whose fallback only the store knows.
    pub(crate) fn apply(&self, settings: &mut Settings) {
        fn put<T: Copy>(field: &mut T, value: Option<T>) {
            *field = value.unwrap_or(*field);
        }
        put(&mut settings.show_cpus, self.show_cpus);
        put(&mut settings.show_memory, self.show_memory);
        put(&mut settings.show_disk, self.show_disk);
        put(&mut settings.disabled, self.disabled);
        put(&mut settings.frequency, self.frequency);
    }
}

fn name(value: &Value) -> Result<Name, InvalidSetting> {
    let text = value.as_str().ok_or_else(|| wrong_type("name", value, "text of at most 64 characters"))?;
    Name::parse(text).map_err(|error| invalid("name", value, error))
}

fn switch(field: &str, value: &Value) -> Result<bool, InvalidSetting> {
    value.as_bool().ok_or_else(|| wrong_type(field, value, "true or false"))
}

fn frequency(value: &Value) -> Result<Frequency, InvalidSetting> {
    const ALLOWED: &str = "0.25 to 3600 (seconds)";
    let seconds = value.as_f64().ok_or_else(|| wrong_type("frequency", value, ALLOWED))?;
    Frequency::try_from(seconds).map_err(|error| InvalidSetting {
        field: "frequency".into(),
        problem: format!("{} is out of range; allowed: {ALLOWED}", error.seconds),
    })
}

fn wrong_type(field: &str, value: &Value, allowed: &str) -> InvalidSetting {
    InvalidSetting { field: field.into(), problem: format!("{} can't be used; allowed: {allowed}", shown(value)) }
}

fn invalid(field: &str, value: &Value, error: impl std::error::Error) -> InvalidSetting {
    InvalidSetting { field: field.into(), problem: format!("{} {error}", shown(value)) }
}

fn unknown(field: &str) -> InvalidSetting {
    InvalidSetting {
        field: shortened(field.to_owned()),
        problem: format!("is no setting that can be changed; allowed: {FIELDS}"),
    }
}

/// A value as it was sent, as far as it fits a message.
fn shown(value: &Value) -> String {
    shortened(value.to_string())
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(fields: Value) -> Result<Change, InvalidSetting> {
        let fields = fields.as_object().unwrap();
        Change::parse(fields.iter().map(|(field, value)| (field.as_str(), value)))
    }

    #[test]
    fn keeps_what_is_not_named() {
        let change = parse(json!({"show_cpus": false, "frequency": 2})).unwrap();
        let expected =
            Change { show_cpus: Some(false), frequency: Some(Frequency::try_from(2.0).unwrap()), ..Change::default() };
        assert_eq!(change, expected);
    }

    #[test]
    fn a_refusal_names_field_value_and_range() {
        let cases = [
            (json!({"frequency": 0.1}), "frequency: 0.1 is out of range; allowed: 0.25 to 3600 (seconds)"),
            (json!({"frequency": "1"}), "frequency: \"1\" can't be used; allowed: 0.25 to 3600 (seconds)"),
            (json!({"disabled": 1}), "disabled: 1 can't be used; allowed: true or false"),
            (json!({"show_disk": null}), "show_disk: null can't be used; allowed: true or false"),
            (json!({"name": 7}), "name: 7 can't be used; allowed: text of at most 64 characters"),
            (
                json!({"name": "a\u{7}"}),
                "name: \"a\\u0007\" has the character '\\u{7}' in it; allowed: visible text on one line",
            ),
            (
                json!({"rev": 7}),
                "rev: is no setting that can be changed; allowed: name, show_cpus, show_memory, show_disk, disabled, frequency",
            ),
        ];
        for (fields, message) in cases {
            assert_eq!(parse(fields).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn the_range_of_frequency_is_the_one_it_names() {
        for (seconds, allowed) in [(0.25, true), (3600.0, true), (0.249, false), (3600.1, false)] {
            assert_eq!(parse(json!({ "frequency": seconds })).is_ok(), allowed, "{seconds}");
        }
    }

    #[test]
    fn one_wrong_field_refuses_all() {
        assert!(parse(json!({"disabled": true, "frequency": 1e99})).is_err());
    }

    #[test]
    fn a_refusal_quotes_no_more_than_a_line() {
        let long = "x".repeat(100_000);
        for fields in [json!({"name": long.clone()}), json!({ long: 1 })] {
            assert!(parse(fields).unwrap_err().to_string().len() < 300);
        }
    }
}
