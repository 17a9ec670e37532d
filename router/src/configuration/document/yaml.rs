//! YAML, as far as JSON could say the same, with anchors, aliases and merge keys.

use ahash::{AHashMap, AHashSet};
use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::{MAX_DEPTH, MAX_VALUES, Value};

pub(super) fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: AHashMap::new(), left: MAX_VALUES };
    let value = loop {
        match reader.next()? {
            (Event::StreamEnd, _) => return Ok(Value::Null),
            (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
            (event, span) => break reader.value(event, span, 0)?,
        }
    };
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) => return Ok(value),
            (Event::DocumentEnd | Event::Nothing, _) => {}
            (_, span) => return Err(at(span, "a second document begins: a configuration is one")),
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    /// What an alias stands for, and how many values that is.
    anchors: AHashMap<usize, (Value, usize)>,
    /// Values there may still be.
    left: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), String> {
        match self.parser.next_event() {
            Some(event) => event.map_err(|error| error.to_string()),
            None => Err("the file ends too early".to_owned()),
        }
    }

    fn spend(&mut self, values: usize, span: Span) -> Result<(), String> {
        self.left = self.left.checked_sub(values).ok_or_else(|| at(span, "there are too many values"))?;
        Ok(())
    }

    fn value(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err(at(span, "values are nested too deeply"));
        }
        let before = self.left;
        self.spend(1, span)?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => (scalar(&text, style, tag.as_deref(), span)?, anchor),
            Event::SequenceStart(anchor, tag) => {
                core_only(tag.as_deref(), span)?;
                (self.list(depth)?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                core_only(tag.as_deref(), span)?;
                (self.object(depth)?, anchor)
            }
            Event::Alias(anchor) => {
                let (value, size) = self.anchors.get(&anchor).ok_or_else(|| at(span, "this alias is inside itself"))?;
                let (value, size) = (value.clone(), *size);
                // Before it is counted nothing grows: the copy is as large as what is there already.
                self.spend(size, span)?;
                return Ok(value);
            }
            _ => return Err(at(span, "a value is missing")),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, (value.clone(), before - self.left));
        }
        Ok(value)
    }

    fn list(&mut self, depth: usize) -> Result<Value, String> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(items)),
                (event, span) => items.push(self.value(event, span, depth + 1)?),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        let mut entries = Vec::new();
        let mut known = AHashSet::new();
        let mut merged = Vec::new();
        loop {
            let (key, key_span) = match self.next()? {
                (Event::MappingEnd, _) => break,
                (Event::Scalar(text, style, _, _), span) => {
                    let is_merge = style == ScalarStyle::Plain && text == "<<";
                    (if is_merge { None } else { Some(text.into_owned()) }, span)
                }
                (_, span) => return Err(at(span, "a key has to be a text")),
            };
            let (event, span) = self.next()?;
            let value = self.value(event, span, depth + 1)?;
            match (key, value) {
                (Some(key), value) => {
                    if !known.insert(key.clone()) {
                        return Err(at(key_span, &format!("the key {key:?} is there twice")));
                    }
                    entries.push((key, value));
                }
                (None, Value::Object(more)) => merged.extend(more),
                (None, Value::List(items)) => {
                    for item in items {
                        let Value::Object(more) = item else { return Err(at(span, "only objects can be merged")) };
                        merged.extend(more);
                    }
                }
                (None, _) => return Err(at(span, "only objects can be merged")),
            }
        }
        // What the object says itself comes first, then what was merged first.
        merged.retain(|(key, _)| known.insert(key.clone()));
        entries.extend(merged);
        Ok(Value::Object(entries))
    }
}

fn at(span: Span, message: &str) -> String {
    format!("{message} at line {} column {}", span.start.line(), span.start.col() + 1)
}

/// The tags of values that JSON has too.
const CORE: [&str; 7] = ["bool", "float", "int", "map", "null", "seq", "str"];

fn core_only(tag: Option<&Tag>, span: Span) -> Result<(), String> {
    match tag {
        Some(tag) if !(tag.is_yaml_core_schema() && CORE.contains(&tag.suffix.as_str())) => {
            Err(at(span, &format!("the tag {}{} means nothing here", tag.handle, tag.suffix)))
        }
        _ => Ok(()),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<Value, String> {
    core_only(tag, span)?;
    if style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.suffix == "str") {
        return Ok(Value::Text(text.to_owned()));
    }
    // The words of YAML 1.1, which Crossbar reads.
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Value::Bool(false),
        _ => number(text).unwrap_or_else(|| Value::Text(text.to_owned())),
    })
}

/// What is a number beyond doubt: `0755` is octal to some and decimal to others, so it is a text.
fn number(text: &str) -> Option<Value> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(hex) = digits.strip_prefix("0x") {
        return (digits == text).then(|| i64::from_str_radix(hex, 16).ok().map(Value::Integer)).flatten();
    }
    if let Some(octal) = digits.strip_prefix("0o") {
        return (digits == text).then(|| i64::from_str_radix(octal, 8).ok().map(Value::Integer)).flatten();
    }
    let first = digits.bytes().next()?;
    let leads_with_zero = first == b'0' && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    if leads_with_zero || !(first.is_ascii_digit() || first == b'.') {
        return None;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Value::Integer);
    }
    let is_float = digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    text.parse().ok().filter(|value: &f64| is_float && value.is_finite()).map(Value::Float)
}
