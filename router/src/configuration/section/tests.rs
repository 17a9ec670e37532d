use super::*;
use crate::configuration::document::Format;

/// Reads an object and answers what was remarked, a line each.
fn remarks(text: &str, read: impl FnOnce(&Section<'_>)) -> Vec<String> {
    let value = Value::parse(text, Format::Json).unwrap();
    let reading = Reading::new("/etc/wamp");
    let section = reading.root(&value).section().unwrap();
    read(&section);
    section.finish();
    reading.end().problems.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_right_is_read() {
    let text = r#"{"text": "a", "uri": "com.a", "bool": true, "integer": 7, "seconds": 1.5, "milliseconds": 20,
        "path": "keys/a.pem", "absolute": "/a", "choice": "b", "list": ["x", "y"], "section": {"a": {}}, "null": null}"#;
    let problems = remarks(text, |section| {
        assert_eq!(section.text("text"), Some("a"));
        assert_eq!(section.uri("uri"), Some("com.a"));
        assert_eq!(section.bool("bool"), Some(true));
        assert_eq!(section.integer("integer", 1..=7), Some(7));
        assert_eq!(section.seconds("seconds"), Some(Duration::from_millis(1500)));
        assert_eq!(section.milliseconds("milliseconds"), Some(Duration::from_millis(20)));
        assert_eq!(section.path("path"), Some("/etc/wamp/keys/a.pem".into()));
        assert_eq!(section.path("absolute"), Some("/a".into()));
        assert_eq!(section.choice("choice", &[("a", 1), ("b", 2)]), Some(2));
        assert_eq!(section.texts("list"), Some(vec!["x", "y"]));
        let entries = section.section("section").unwrap().entries();
        assert_eq!(entries[0].0, "a");
        assert_eq!(entries[0].1.place(), "section[\"a\"]");
        assert!(!section.has("null") && !section.has("absent"));
    });
    assert_eq!(problems, <[&str; 0]>::default());
}

#[test]
fn all_that_is_wrong_is_found_in_one_go() {
    let text = r#"{"text": 5, "uri": "com a", "bool": "yes", "integer": 9, "choice": "btoh", "other": "zzz",
        "seconds": -1, "list": [1], "section": {"inner": [{"relam": 1}]}, "asked": true, "transprots": []}"#;
    let problems = remarks(text, |section| {
        assert_eq!(section.text("text"), None);
        assert_eq!(section.uri("uri"), None);
        assert_eq!(section.bool("bool"), None);
        assert_eq!(section.integer("integer", 1..=7), None);
        assert_eq!(section.choice("choice", &[("both", ()), ("one", ())]), None);
        assert_eq!(section.choice("other", &[("both", ()), ("one", ())]), None);
        assert_eq!(section.seconds("seconds"), None);
        assert_eq!(section.texts("list"), Some(vec![]));
        for inner in section.section("section").unwrap().sections("inner") {
            inner.required_text("realm");
        }
        section.unsupported("asked", "ask for less");
        section.list("transports");
    });
    let expected = [
        "text: this has to be a text, not an integer: put it in quotes",
        "bool: this has to be true or false, not a text",
        "integer: this has to be from 1 to 7, not 9",
        "choice: unknown value \"btoh\"; did you mean \"both\"?",
        "other: unknown value \"zzz\"; known here: both, one",
        "seconds: -1 is no time to wait",
        "list[0]: this has to be a text, not an integer: put it in quotes",
        "section.inner[0]: the key \"realm\" is missing",
        "section.inner[0].relam: unknown key \"relam\"; did you mean \"realm\"?",
        "asked: not supported: ask for less",
        "transprots: unknown key \"transprots\"; did you mean \"transports\"?",
    ];
    let (uri, others): (Vec<_>, Vec<_>) = problems.iter().partition(|line| line.starts_with("uri: "));
    assert_eq!(uri.len(), 1, "{problems:#?}");
    assert_eq!(others, expected);
}

#[test]
fn secrets_come_from_the_environment_too() {
    let path = std::env::var("PATH").unwrap();
    let text = r#"{"plain": "$1.50", "short": "$PATH", "long": "${PATH}", "unset": "$WAMP_ROUTER_NO_SUCH_VARIABLE"}"#;
    let problems = remarks(text, |section| {
        assert_eq!(section.secret("plain").as_deref(), Some("$1.50"));
        assert_eq!(section.secret("short").as_ref(), Some(&path));
        assert_eq!(section.secret("long").as_ref(), Some(&path));
        assert_eq!(section.secret("unset"), None);
    });
    assert_eq!(problems, ["unset: the environment variable WAMP_ROUTER_NO_SUCH_VARIABLE is not set, or no text"]);
}
