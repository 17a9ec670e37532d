//! The check of a URI literal, with the form it should have in the message.

use syn::{Error, LitStr, Result};
use wamp_proto::{MatchPolicy, Pattern, Uri};

use crate::attributes::{Kind, Matching};

/// Checks `uri` as what `kind` takes, with its `{parameters}` standing for any component text.
pub(crate) fn check(kind: Kind, matching: Matching, uri: &LitStr) -> Result<()> {
    let text = uri.value();
    let filled = fill_parameters(&text).map_err(|message| Error::new(uri.span(), message))?;
    if let Err(problem) = parse(matching, &filled) {
        let help = match corrected(matching, &text) {
            Some(corrected) => format!("\nwrite: \"{corrected}\""),
            None => "\na URI is components separated by single dots, like \"com.example.add\"".to_owned(),
        };
        return Err(Error::new(uri.span(), format_args!("{text:?} is no valid URI here: {problem}{help}")));
    }
    if kind == Kind::Register && Uri::parse(filled.as_str()).is_ok_and(|uri| uri.is_reserved()) {
        let rest = text.strip_prefix("wamp.").unwrap_or("com.example.add");
        return Err(Error::new(
            uri.span(),
            format_args!("{text:?} is reserved: what begins with `wamp.` belongs to the router\nwrite: {rest:?}"),
        ));
    }
    Ok(())
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
fn corrected(matching: Matching, text: &str) -> Option<String> {
    let text: String = text
        .trim()
        .chars()
        .filter(|&character| character != '#')
        .map(|character| if character.is_whitespace() { '_' } else { character })
        .collect();
    let components: Vec<&str> = text.split('.').filter(|component| !component.is_empty()).collect();
    let corrected = components.join(".");
    let valid = !corrected.is_empty() && parse(matching, &fill_parameters(&corrected).ok()?).is_ok();
    valid.then_some(corrected)
}

/// Puts a component in the place of each `{parameter}`.
fn fill_parameters(text: &str) -> std::result::Result<String, String> {
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
        if syn::parse_str::<syn::Ident>(name).is_err() {
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

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    fn message(kind: Kind, matching: Matching, uri: &str) -> Option<String> {
        let literal = LitStr::new(uri, Span::call_site());
        check(kind, matching, &literal).err().map(|error| error.to_string())
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
