//! The check of a URI literal, with the form it should have in the message.

use syn::{Error, LitStr, Result};
use wamp_proto::{MatchPolicy, Pattern, Uri};

use crate::attributes::{Kind, Matching, Place};

/// Checks `uri` as what `kind` takes, with its `{parameters}` standing for any component text.
pub(crate) fn check(kind: Kind, place: Place, matching: Matching, uri: &LitStr) -> Result<()> {
    let text = uri.value();
    let filled = fill_parameters(place, &text).map_err(|message| Error::new(uri.span(), message))?;
    if let Err(problem) = parse(matching, &filled) {
        let help = match corrected(place, matching, &text) {
            Some(corrected) => format!("\nwrite: \"{corrected}\""),
            None => "\na URI is components separated by single dots, like \"com.example.add\"".to_owned(),
        };
        return Err(Error::new(uri.span(), format_args!("{text:?} is no valid URI here: {problem}{help}")));
    }
    if kind != Kind::Subscribe && Uri::parse(filled.as_str()).is_ok_and(|uri| uri.is_reserved()) {
        let rest = text.strip_prefix("wamp.").unwrap_or("com.example.add");
        return Err(Error::new(
            uri.span(),
            format_args!("{text:?} is reserved: what begins with `wamp.` belongs to the router\nwrite: {rest:?}"),
        ));
    }
    Ok(())
}

/// Checks the URI of an error: `uri` is what the literal stands for.
pub(crate) fn check_error(literal: &LitStr, uri: &str) -> Result<()> {
    let problem = match uri.contains(['{', '}']) {
        true => "an error's URI has no parameters: what varies travels as an argument".to_owned(),
        false if uri.is_empty() => "it is empty".to_owned(),
        false => match Uri::parse(uri) {
            Ok(_) => return Ok(()),
            Err(problem) => reason(&problem, ""),
        },
    };
    let help = match corrected(Place::Function, Matching::Exact, uri) {
        Some(corrected) if corrected != uri => format!("\nwrite: \"{corrected}\""),
        _ => "\na URI is components separated by single dots, like \"com.example.error.full\"".to_owned(),
    };
    Err(Error::new(literal.span(), format_args!("{uri:?} is no valid error URI: {problem}{help}")))
}

fn parse(matching: Matching, uri: &str) -> std::result::Result<(), String> {
    let policy = match matching {
        Matching::Exact => MatchPolicy::Exact,
        Matching::Prefix => MatchPolicy::Prefix,
        Matching::Wildcard => MatchPolicy::Wildcard,
    };
    if uri.is_empty() && matching == Matching::Exact {
        return Err("it is empty".to_owned());
    }
    match Pattern::parse(policy, uri) {
        Ok(_) => Ok(()),
        Err(problem) => Err(reason(&problem, uri)),
    }
}

/// The problem without the URI itself, which the message starts with.
fn reason(problem: &wamp_proto::InvalidUri, uri: &str) -> String {
    use wamp_proto::InvalidUri;
    match problem {
        InvalidUri::EmptyComponent { index, .. } if uri.contains("..") => {
            format!("component {index} is empty (an empty component needs `matching = \"wildcard\"`)")
        }
        InvalidUri::EmptyComponent { index, .. } => format!("component {index} is empty"),
        InvalidUri::Character { character, .. } => format!("{character:?} can't be in it"),
        other => other.to_string(),
    }
}

/// The nearest URI that is valid.
fn corrected(place: Place, matching: Matching, text: &str) -> Option<String> {
    let text: String = text
        .trim()
        .chars()
        .filter(|&character| character != '#')
        .map(|character| if character.is_whitespace() { '_' } else { character })
        .collect();
    let components: Vec<&str> = text.split('.').filter(|component| !component.is_empty()).collect();
    let corrected = components.join(".");
    let valid = !corrected.is_empty() && parse(matching, &fill_parameters(place, &corrected).ok()?).is_ok();
    valid.then_some(corrected)
}

/// Puts a component in the place of each `{parameter}`.
fn fill_parameters(place: Place, text: &str) -> std::result::Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, braces) = rest.split_at(at);
        filled.push_str(before);
        if braces.starts_with('}') {
            return Err(format!("a `{{` is missing before a `}}` in {text:?}: parameters are written `{{name}}`"));
        }
        let Some(end) = braces.find('}') else {
            return Err(format!("a `}}` is missing after a `{{` in {text:?}: parameters are written `{{name}}`"));
        };
        let name = &braces[1..end];
        if let Some(field) = name.strip_prefix("self.") {
            check_field(place, name, field, text)?;
        } else if syn::parse_str::<syn::Ident>(name).is_err() {
            return Err(format!(
                "`{{{name}}}` in {text:?} is no parameter: its name is a word, as in `{{ip}}`, \
                 filled in with `.param(\"ip\", …)`"
            ));
        }
        filled.push('x');
        rest = &braces[end + 1..];
    }
    filled.push_str(rest);
    Ok(filled)
}

fn check_field(place: Place, name: &str, field: &str, text: &str) -> std::result::Result<(), String> {
    if place == Place::Function {
        return Err(format!(
            "`{{{name}}}` in {text:?} is a field, which only the methods of a `#[component]` have: \
             write `{{{field}}}`, filled in with `.param({field:?}, …)`"
        ));
    }
    if place == Place::Interface {
        return Err(format!(
            "`{{{name}}}` in {text:?} is a field, which an interface has none of: write `{{{field}}}`, \
             which is given to both ends when they are made"
        ));
    }
    if syn::parse_str::<syn::Ident>(field).is_err() {
        return Err(format!("`{{{name}}}` in {text:?} is no field: write one field's name, as in `{{self.id}}`"));
    }
    Ok(())
}

/// The URI as the text that `format!` takes, with the names of the fields that go into it.
pub(crate) fn fields(text: &str) -> (String, Vec<String>) {
    formatted(text, |name| name.strip_prefix("self."))
}

/// The URI as the text that `format!` takes, with the names of the parameters that go into it.
pub(crate) fn parameters(text: &str) -> (String, Vec<String>) {
    formatted(text, |name| Some(name))
}

/// What `pick` does not pick stays a parameter, to be filled in at join.
fn formatted(text: &str, pick: fn(&str) -> Option<&str>) -> (String, Vec<String>) {
    let (mut format, mut picked) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        format.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        match pick(name) {
            Some(name) => {
                format.push_str("{}");
                picked.push(name.to_owned());
            }
            None => format.push_str(&format!("{{{{{name}}}}}")),
        }
        rest = after;
    }
    format.push_str(rest);
    (format, picked)
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    fn message(kind: Kind, matching: Matching, uri: &str) -> Option<String> {
        let literal = LitStr::new(uri, Span::call_site());
        check(kind, Place::Function, matching, &literal).err().map(|error| error.to_string())
    }

    #[test]
    fn a_uri_with_parameters_is_checked_as_if_they_were_filled_in() {
        for uri in ["com.example.add", "clientconfig.{ip}", "{prefix}.add", "com.machine-{id}.reboot"] {
            assert_eq!(message(Kind::Register, Matching::Exact, uri), None);
        }
        for uri in ["com.{ip", "com.ip}", "com.{}", "com.{a b}"] {
            assert!(message(Kind::Register, Matching::Exact, uri).is_some(), "{uri}");
        }
    }

    #[test]
    fn fields_are_told_from_other_parameters() {
        let (format, names) = fields("com.{ip}.{self.id}.{self.name}");
        assert_eq!((format.as_str(), names), ("com.{{ip}}.{}.{}", vec!["id".to_owned(), "name".to_owned()]));
        let literal = LitStr::new("com.{self.id}.add", Span::call_site());
        for (place, is_right) in [(Place::Method, true), (Place::Function, false)] {
            assert_eq!(check(Kind::Register, place, Matching::Exact, &literal).is_ok(), is_right);
        }
    }

    #[test]
    fn the_message_has_the_corrected_form() {
        for (wrong, right) in [
            ("com..example", "com.example"),
            (".com.example.", "com.example"),
            ("com.my topic", "com.my_topic"),
            ("com.example#x", "com.examplex"),
            ("com..{ip}", "com.{ip}"),
        ] {
            let message = message(Kind::Subscribe, Matching::Exact, wrong).expect("it is wrong");
            assert!(message.contains(&format!("write: \"{right}\"")), "{message}");
        }
    }

    #[test]
    fn empty_components_are_for_wildcards() {
        assert_eq!(message(Kind::Subscribe, Matching::Wildcard, "com..status"), None);
        assert!(message(Kind::Subscribe, Matching::Exact, "com..status").is_some());
    }

    #[test]
    fn the_router_s_own_topics_can_be_subscribed_but_not_registered() {
        assert_eq!(message(Kind::Subscribe, Matching::Exact, "wamp.session.on_leave"), None);
        assert!(message(Kind::Register, Matching::Exact, "wamp.session.count").is_some());
    }
}
