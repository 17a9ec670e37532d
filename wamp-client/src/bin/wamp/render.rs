//! Values as text: JSON for programs, coloured JSON for people.

use std::borrow::Cow;
use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use wamp_client::Value;
use wamp_proto::{Serializer, to_vec};

/// What names things: topics, procedures, keys.
pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();
/// What is beside the point.
pub(crate) const ASIDE: Style = Style::new().dimmed();
/// Headings.
pub(crate) const HEADING: Style = Style::new().bold();
const TEXT: Style = AnsiColor::Green.on_default();
const NUMBER: Style = AnsiColor::Yellow.on_default();
const WORD: Style = AnsiColor::Magenta.on_default();

/// A dict of these entries.
pub(crate) fn object<'a>(entries: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// A value as JSON in one line. Binary data is text as WAMP has it.
pub(crate) fn json(value: &Value) -> String {
    let bytes = to_vec(Serializer::Json, value).unwrap_or_else(|_| b"null".to_vec());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A value in one line, for people.
pub(crate) fn compact(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value, None);
    text
}

/// A value for people: in one line if it is short, else indented.
pub(crate) fn pretty(value: &Value, width: usize) -> String {
    if json(value).len() <= width {
        return compact(value);
    }
    let mut text = String::new();
    write(&mut text, value, Some(0));
    text
}

/// Text from outside, without what would steer a terminal.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if steers(character) { plain.extend(character.escape_unicode()) } else { plain.push(character) }
    }
    Cow::Owned(plain)
}

/// Control characters, and those that turn the direction of text round.
fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn write(out: &mut String, value: &Value, indent: Option<usize>) {
    match value {
        Value::Str(text) => styled(out, TEXT, &quoted(text)),
        Value::Null | Value::Bool(_) => styled(out, WORD, &json(value)),
        Value::Uint(_) | Value::Int(_) | Value::Float(_) => styled(out, NUMBER, &json(value)),
        Value::Bin(bytes) => {
            let mut text = format!("<{} bytes", bytes.len());
            for (position, byte) in bytes.iter().take(16).enumerate() {
                let _ = write!(text, "{}{byte:02x}", if position == 0 { ": " } else { " " });
            }
            text.push_str(if bytes.len() > 16 { " …>" } else { ">" });
            styled(out, WORD, &text);
        }
        Value::List(values) => {
            brackets(out, ['[', ']'], values, indent, write);
        }
        Value::Map(entries) => {
            brackets(out, ['{', '}'], entries, indent, |out, (key, value), indent| {
                styled(out, NAME, &quoted(key));
                out.push_str(": ");
                write(out, value, indent);
            });
        }
    }
}

fn brackets<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: &[T],
    indent: Option<usize>,
    mut item: impl FnMut(&mut String, &T, Option<usize>),
) {
    let inner = indent.filter(|_| !items.is_empty()).map(|indent| indent + 2);
    out.push(open);
    for (position, value) in items.iter().enumerate() {
        match (position, inner) {
            (0, _) => {}
            (_, Some(_)) => out.push(','),
            (_, None) => out.push_str(", "),
        }
        new_line(out, inner);
        item(out, value, inner);
    }
    new_line(out, inner.map(|inner| inner - 2));
    out.push(close);
}

fn new_line(out: &mut String, indent: Option<usize>) {
    if let Some(indent) = indent {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent));
    }
}

fn styled(out: &mut String, style: Style, text: &str) {
    let _ = write!(out, "{style}{text}{style:#}");
}

/// A JSON text in which nothing steers the terminal.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            character if steers(character) => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(character));
            }
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    fn sample() -> Value {
        let list = Value::List(vec![Value::Uint(1), Value::Null, Value::from("two")]);
        object([("list", list), ("empty", Value::List(Vec::new()))])
    }

    #[test]
    fn long_values_are_indented() {
        assert_eq!(bare(&pretty(&sample(), 80)), r#"{"list": [1, null, "two"], "empty": []}"#);
        let indented = "{\n  \"list\": [\n    1,\n    null,\n    \"two\"\n  ],\n  \"empty\": []\n}";
        assert_eq!(bare(&pretty(&sample(), 10)), indented);
    }

    #[test]
    fn text_from_outside_does_not_steer_the_terminal() {
        let hostile = "\u{1b}[2J\u{9b}31m\u{202e}\u{7f}";
        for shown in [compact(&Value::from(hostile)), plain(hostile).into_owned()] {
            assert!(!bare(&shown).chars().any(steers), "{shown:?}");
        }
        assert_eq!(quoted("a\"\\\n"), r#""a\"\\\n""#);
    }

    #[test]
    fn binary_data_is_shown_in_hex_and_travels_in_base64() {
        let binary = Value::Bin(vec![0, 255]);
        assert_eq!(bare(&compact(&binary)), "<2 bytes: 00 ff>");
        assert_eq!(json(&binary), r#""\u0000AP8=""#);
    }
}
