//! What is sent: JSON, text, standard input.

use clap::Args;
use wamp_client::{CallResult, Value};
use wamp_proto::{Serializer, from_slice};

use crate::failure::Failure;
use crate::render::object;

/// Flags about the arguments of an event or a call.
#[derive(Debug, Args)]
pub(crate) struct ArgumentFlags {
    /// Positional arguments, each JSON if it reads as JSON, else text; a single - takes them from standard input
    #[arg(value_name = "ARG", allow_negative_numbers = true)]
    args: Vec<String>,

    /// A keyword argument; the value is JSON if it reads as JSON, else text
    #[arg(short, long = "kw", value_name = "KEY=VALUE")]
    kw: Vec<String>,

    /// Keyword arguments as a JSON object
    #[arg(long, value_name = "JSON")]
    kwargs: Option<String>,

    /// Every argument is text, whatever it reads as
    #[arg(short, long)]
    string: bool,
}

/// Positional and keyword arguments.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Arguments {
    pub(crate) args: Vec<Value>,
    pub(crate) kwargs: Vec<(String, Value)>,
}

impl ArgumentFlags {
    /// Whether they come from standard input.
    pub(crate) fn wants_input(&self) -> bool {
        self.args == ["-"]
    }

    /// Those of the command line.
    pub(crate) fn given(&self) -> Result<Arguments, Failure> {
        let args = if self.wants_input() { Vec::new() } else { self.args.iter().map(|arg| self.value(arg)).collect() };
        let mut kwargs = match &self.kwargs {
            Some(text) => keywords(text)?,
            None => Vec::new(),
        };
        for pair in &self.kw {
            let Some((key, value)) = pair.split_once('=').filter(|(key, _)| !key.is_empty()) else {
                return Err(Failure::Usage(format!("--kw {pair:?} is no KEY=VALUE, such as unit=s")));
            };
            kwargs.retain(|(known, _)| known != key);
            kwargs.push((key.to_owned(), self.value(value)));
        }
        Ok(Arguments { args, kwargs })
    }

    /// Those of a text from standard input, with the keyword arguments of the command line added.
    pub(crate) fn read(&self, text: &str) -> Result<Arguments, Failure> {
        let read = if self.string { Arguments::of(Value::from(text)) } else { Arguments::of(parse(text)) };
        let given = self.given()?;
        let mut kwargs = read.kwargs;
        kwargs.retain(|(key, _)| !given.kwargs.iter().any(|(known, _)| known == key));
        kwargs.extend(given.kwargs);
        Ok(Arguments { args: read.args, kwargs })
    }

    fn value(&self, text: &str) -> Value {
        if self.string { Value::from(text) } else { parse(text) }
    }
}

impl Arguments {
    /// What a JSON value stands for: a list for positional arguments, an object with `args` or `kwargs` for both (as
    /// `wamp sub` prints them), anything else for one argument.
    fn of(value: Value) -> Self {
        let is_event = matches!(
            (value.get("args"), value.get("kwargs")),
            (Some(Value::List(_)), None | Some(Value::Map(_))) | (None, Some(Value::Map(_)))
        );
        match value {
            Value::List(args) => Self { args, kwargs: Vec::new() },
            Value::Map(entries) if is_event => {
                let mut arguments = Self::default();
                for entry in entries {
                    match entry {
                        (key, Value::List(args)) if key == "args" => arguments.args = args,
                        (key, Value::Map(kwargs)) if key == "kwargs" => arguments.kwargs = kwargs,
                        _ => {}
                    }
                }
                arguments
            }
            value => Self { args: vec![value], kwargs: Vec::new() },
        }
    }

    /// What a procedure returned.
    pub(crate) fn of_result(result: &CallResult) -> Result<Self, Failure> {
        let kwargs = match result.kwargs()? {
            Value::Map(entries) => entries,
            _ => Vec::new(),
        };
        Ok(Self { args: result.args()?, kwargs })
    }

    /// One value for all of them: the argument itself where there is only one, null where there is none, else an
    /// object of both.
    pub(crate) fn into_value(mut self) -> Value {
        match (self.args.len(), self.kwargs.is_empty()) {
            (0, true) => Value::Null,
            (1, true) => self.args.remove(0),
            _ => self.into_object(),
        }
    }

    /// An object of both.
    pub(crate) fn into_object(self) -> Value {
        object([("args", Value::List(self.args)), ("kwargs", Value::Map(self.kwargs))])
    }
}

/// The value of a text: JSON if it reads as JSON, else the text itself.
pub(crate) fn parse(text: &str) -> Value {
    from_slice(Serializer::Json, text.trim().as_bytes()).unwrap_or_else(|_| Value::from(text))
}

fn keywords(text: &str) -> Result<Vec<(String, Value)>, Failure> {
    let wrong = |problem: &str| {
        Failure::Usage(format!("--kwargs {text:?} is no JSON object, such as '{{\"unit\": \"s\"}}': {problem}"))
    };
    match from_slice(Serializer::Json, text.as_bytes()) {
        Ok(Value::Map(entries)) => Ok(entries),
        Ok(_) => Err(wrong("it is JSON of another kind")),
        Err(error) => Err(wrong(&error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(args: &[&str], kw: &[&str]) -> ArgumentFlags {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        ArgumentFlags { args: owned(args), kw: owned(kw), kwargs: None, string: false }
    }

    #[test]
    fn an_argument_is_json_if_it_reads_as_json() {
        let arguments = flags(&["5", "-5", "five", "\"5\"", "[1, null]", "{", ""], &["a=1", "b=x=y", "a=2"]).given();
        let arguments = arguments.unwrap();
        let list = Value::List(vec![Value::Uint(1), Value::Null]);
        let texts = ["five", "5"].map(Value::from);
        let mut expected = vec![Value::Uint(5), Value::Int(-5)];
        expected.extend(texts);
        expected.extend([list, Value::from("{"), Value::from("")]);
        assert_eq!(arguments.args, expected);
        let kwargs = [("b".to_owned(), Value::from("x=y")), ("a".to_owned(), Value::Uint(2))];
        assert_eq!(arguments.kwargs, kwargs);
    }

    #[test]
    fn with_string_every_argument_is_text() {
        let arguments = ArgumentFlags { string: true, ..flags(&["5", "null"], &["a=1"]) }.given().unwrap();
        assert_eq!(arguments.args, ["5", "null"].map(Value::from));
        assert_eq!(arguments.kwargs, [("a".to_owned(), Value::from("1"))]);
    }

    #[test]
    fn input_is_arguments_or_an_event() {
        let read = |text| {
            let arguments = flags(&["-"], &["added=1"]).read(text).unwrap();
            crate::render::json(&arguments.into_object())
        };
        assert_eq!(read("[1, [2]]"), r#"{"args":[1,[2]],"kwargs":{"added":1}}"#);
        assert_eq!(read("text"), r#"{"args":["text"],"kwargs":{"added":1}}"#);
        let event = r#"{"topic":"com.x","args":[1],"kwargs":{"k":2,"added":0}}"#;
        assert_eq!(read(event), r#"{"args":[1],"kwargs":{"k":2,"added":1}}"#);
        assert_eq!(read(r#"{"args":1}"#), r#"{"args":[{"args":1}],"kwargs":{"added":1}}"#);
    }

    #[test]
    fn mistakes_are_named() {
        let problem = |flags: ArgumentFlags| match flags.given() {
            Err(Failure::Usage(problem)) => problem,
            other => panic!("{other:?}"),
        };
        assert!(problem(flags(&[], &["unit"])).contains("KEY=VALUE"));
        let kwargs = |text: &str| ArgumentFlags { kwargs: Some(text.to_owned()), ..flags(&[], &[]) };
        assert!(problem(kwargs("{unit: 1}")).contains("no JSON object"));
        assert!(problem(kwargs("[1]")).contains("another kind"));
    }
}
