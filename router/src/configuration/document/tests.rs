use super::*;

fn json(text: &str) -> Result<serde_json::Value, String> {
    Value::parse(text, Format::Json).map(|value| value.to_json())
}

fn yaml(text: &str) -> Result<serde_json::Value, String> {
    Value::parse(text, Format::Yaml).map(|value| value.to_json())
}

#[test]
fn both_languages_say_the_same() {
    let expected = serde_json::json!({
        "version": 2, "workers": [{"type": "router", "share": -1.5, "on": true, "none": null}], "empty": {}, "many": []
    });
    let text = r#"{"version": 2, "workers": [{"type": "router", "share": -1.5, "on": true, "none": null}], "empty": {}, "many": []}"#;
    assert_eq!(json(text).unwrap(), expected);
    assert_eq!(yaml(text).unwrap(), expected);
    let block =
        "# A comment\nversion: 2\nworkers:\n- type: router\n  share: -1.5\n  on: yes\n  none:\nempty: {}\nmany: []\n";
    assert_eq!(yaml(block).unwrap(), expected);
}

#[test]
fn scalars_of_yaml() {
    let expected = serde_json::json!([
        "007",
        31,
        15,
        10,
        -3,
        4,
        1.5,
        1000.0,
        "1_000",
        "1.2.3",
        "127.0.0.1",
        "12",
        "yes",
        "5",
        true,
        null
    ]);
    let value = yaml("[007, 0x1F, 0o17, 10, -3, +4, 1.5, 1e3, 1_000, 1.2.3, 127.0.0.1, '12', \"yes\", !!str 5, on, ~]");
    assert_eq!(value.unwrap(), expected);
}

#[test]
fn aliases_and_merges() {
    let text = "base: &base {a: 1, b: 2}\none: {<<: *base, b: 3}\ntwo: {<<: [*base, {c: 4}]}\nsame: *base\n";
    let expected = serde_json::json!({
        "base": {"a": 1, "b": 2}, "one": {"b": 3, "a": 1}, "two": {"a": 1, "b": 2, "c": 4}, "same": {"a": 1, "b": 2}
    });
    assert_eq!(yaml(text).unwrap(), expected);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let error = |result: Result<serde_json::Value, String>| result.unwrap_err();
    assert_eq!(error(json("{\n\"a\": 1,\n\"a\": 2}")), "the key \"a\" is there twice at line 3 column 3");
    assert_eq!(error(yaml("b: 1\na: 1\na: 2\n")), "the key \"a\" is there twice at line 3 column 1");
    assert!(error(json("{\"a\": }")).contains("line 1"));
    assert!(error(yaml("a: [1\nb: 2")).contains("line 2"), "{}", error(yaml("a: [1\nb: 2")));
    assert!(error(yaml("a: !!python/object:os.system x")).contains("means nothing here"));
    assert!(error(yaml("a: 1\n---\nb: 2\n")).contains("second document"));
    assert!(error(yaml("? [a]\n: 1\n")).contains("has to be a text"));
    assert!(error(yaml("&a [*a]")).contains("inside itself"));
    assert_eq!(yaml("").unwrap(), serde_json::Value::Null);
}

#[test]
fn a_file_cannot_grow_in_memory() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        bomb += &format!("a{level}: &a{level} [{below}]\n");
    }
    assert!(yaml(&bomb).unwrap_err().contains("too many values"));
    assert!(yaml(&"[".repeat(100)).unwrap_err().contains("nested too deeply"));
    assert!(yaml(&"[".repeat(100_000)).unwrap_err().contains("recursion limit"));
    assert!(json(&"[".repeat(100_000)).unwrap_err().contains("recursion limit"));
}
