//! What the source code tells of a procedure, for others to read.
//! Specification: "Interface Reflection" (advanced profile).

use std::borrow::Cow;

use serde::Serialize;

use super::Source;

/// The procedure that takes declarations: `(type, uri, description)`.
pub(crate) const DEFINE: &str = "wamp.reflect.define";

/// A description, and what it is of.
#[derive(Debug, Clone)]
pub(crate) struct Declaration {
    pub(crate) kind: &'static str,
    /// None for the procedure it comes with, whose URI is known when it is registered.
    pub(crate) uri: Option<Cow<'static, str>>,
    pub(crate) description: Description,
}

/// What others can read, in these words.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Description {
    /// The documentation comment.
    #[serde(skip_serializing_if = "str::is_empty")]
    doc: &'static str,
    /// What is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<Vec<Argument>>,
    /// Whether that is sent by keyword.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    by_keyword: bool,
    /// The type of the result, in Rust's words.
    #[serde(skip_serializing_if = "str::is_empty")]
    returns: &'static str,
}

#[derive(Debug, Clone, Serialize)]
struct Argument {
    name: &'static str,
    /// In Rust's words.
    r#type: &'static str,
}

impl Description {
    fn of(source: Source, sent: &[bool]) -> Self {
        let arguments = source.names.iter().zip(source.types).zip(sent).filter(|(_, sent)| **sent);
        let arguments = arguments.map(|((name, r#type), _)| Argument { name, r#type }).collect();
        let Source { doc, returns, by_keyword, .. } = source;
        Self { doc, arguments: Some(arguments), by_keyword, returns }
    }
}

impl Declaration {
    /// Of the procedure itself. `sent` says of each of its parameters whether callers send it.
    pub(super) fn procedure(source: Source, sent: &[bool]) -> Self {
        Self { kind: "procedure", uri: None, description: Description::of(source, sent) }
    }

    /// Of a topic that the program publishes to.
    pub(super) fn topic(uri: String, source: Source, sent: &[bool]) -> Self {
        Self { kind: "topic", uri: Some(uri.into()), description: Description::of(source, sent) }
    }

    /// Of an error that the procedure fails with.
    pub(super) fn error(uri: &'static str, doc: &'static str) -> Self {
        let description = Description { doc, ..Description::default() };
        Self { kind: "error", uri: Some(uri.into()), description }
    }
}
