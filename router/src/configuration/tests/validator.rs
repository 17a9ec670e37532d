//! JSON Schema, as much of it as the schema of configurations has; forms of texts (`pattern`) aside.

use serde_json::Value as Json;

/// What of `value` is not as `schema` says; nothing if all is.
pub(super) fn mistakes(root: &Json, schema: &Json, value: &Json) -> Vec<String> {
    let Json::Object(keywords) = schema else {
        return if *schema == Json::Bool(false) { vec![format!("{value} may not be there")] } else { vec![] };
    };
    keywords.iter().flat_map(|(keyword, rule)| keyword_mistakes(root, schema, keyword, rule, value)).collect()
}

fn keyword_mistakes(root: &Json, schema: &Json, keyword: &str, rule: &Json, value: &Json) -> Vec<String> {
    let is = |schema: &Json| mistakes(root, schema, value).is_empty();
    let unless = |good: bool| if good { vec![] } else { vec![format!("{value}: {keyword} {rule}")] };
    let rules = || rule.as_array().expect("a list of schemas").iter();
    let texts = || rules().map(|text| text.as_str().expect("a text"));
    match keyword {
        "$ref" => {
            let name = rule.as_str().unwrap().trim_start_matches("#/$defs/");
            mistakes(root, root["$defs"].get(name).expect(name), value)
        }
        "type" => match rule {
            Json::Array(types) => unless(types.iter().any(|one| has_type(one, value))),
            one => unless(has_type(one, value)),
        },
        "const" => unless(value == rule),
        "enum" => unless(rules().any(|one| one == value)),
        "minimum" => unless(value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap())),
        "maximum" => unless(value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap())),
        "minLength" => unless(value.as_str().is_none_or(|text| text.len() as u64 >= rule.as_u64().unwrap())),
        "maxItems" => unless(value.as_array().is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap())),
        "required" => unless(value.as_object().is_none_or(|object| texts().all(|key| object.contains_key(key)))),
        "items" => value.as_array().into_iter().flatten().flat_map(|item| mistakes(root, rule, item)).collect(),
        "properties" | "additionalProperties" => {
            let mut found = Vec::new();
            for (key, value) in value.as_object().into_iter().flatten() {
                let named = schema["properties"].get(key);
                let rule = if keyword == "properties" { named } else { Some(rule).filter(|_| named.is_none()) };
                let wrong = rule.into_iter().flat_map(|rule| mistakes(root, rule, value));
                found.extend(wrong.map(|mistake| format!("{key}: {mistake}")));
            }
            found
        }
        "allOf" => rules().flat_map(|one| mistakes(root, one, value)).collect(),
        "anyOf" => unless(rules().any(is)),
        "oneOf" => unless(rules().filter(|one| is(one)).count() == 1),
        "not" => unless(!is(rule)),
        "if" if is(rule) => mistakes(root, &schema["then"], value),
        "if" | "then" | "pattern" | "propertyNames" => vec![],
        "$schema" | "$defs" | "title" | "description" | "deprecated" => vec![],
        other => panic!("the validator knows no {other}"),
    }
}

fn has_type(name: &Json, value: &Json) -> bool {
    match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("the validator knows no type {other}"),
    }
}
