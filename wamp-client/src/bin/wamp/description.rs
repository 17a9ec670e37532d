//! What procedures and topics are, told by those who have them, where the router keeps that.
//! Specification: "Interface Reflection" (advanced profile), a sketch.

use std::collections::HashMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use wamp_client::{Client, ErrorKind, Value};

use crate::failure::Failure;
use crate::sessions::AT_ONCE;

/// Descriptions by URI. There are none where the router keeps none.
pub(crate) async fn all(client: &Client, kind: &str) -> Result<HashMap<String, Value>, Failure> {
    let listed: Vec<String> = match client.call(format!("wamp.reflection.{kind}.list")).await {
        Ok(listed) => listed,
        // The specification leaves open what is answered: what is not understood is none.
        Err(error) if matches!(error.kind(), ErrorKind::Wamp | ErrorKind::Codec) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let described = stream::iter(listed).map(async |uri| {
        let description: Value = client.call(format!("wamp.reflection.{kind}.describe")).arg(&uri).await?;
        Ok::<_, Failure>((uri, description))
    });
    described.buffered(AT_ONCE).try_collect().await
}

/// A description in a line: the arguments and result, then the first line of what is told about it.
pub(crate) fn summary(description: Option<&Value>) -> String {
    let Some(description) = description else { return String::new() };
    let text = |key| description.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let mut parts = Vec::new();
    if let Some(Value::List(arguments)) = description.get("arguments") {
        let arguments: Vec<String> = arguments.iter().map(argument).collect();
        parts.push(format!("({})", arguments.join(", ")));
    }
    if let Some(result) = text("returns") {
        parts.push(format!("→ {result}"));
    }
    parts.extend(text("doc").and_then(|doc| doc.lines().next()).map(str::to_owned));
    parts.join(" ")
}

/// Its name, and its type where that is told.
fn argument(argument: &Value) -> String {
    let text = |key| argument.get(key).and_then(Value::as_str);
    match (argument.as_str().or_else(|| text("name")), text("type")) {
        (Some(name), Some(of)) => format!("{name}: {of}"),
        (Some(name), None) => name.to_owned(),
        (None, of) => of.unwrap_or("_").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::parse;

    #[test]
    fn a_description_is_summed_up_in_a_line() {
        let add =
            parse(r#"{"doc": "Adds two.\n\nSlowly.", "arguments": [{"name": "a"}, {"name": "b", "type": "i64"}]}"#);
        assert_eq!(summary(Some(&add)), "(a, b: i64) Adds two.");
        assert_eq!(summary(Some(&parse(r#"{"arguments": ["a", {}], "returns": "u64"}"#))), "(a, _) → u64");
        for nothing in ["null", "{}", r#"{"doc": 5}"#] {
            assert_eq!(summary(Some(&parse(nothing))), "");
        }
    }
}
