//! The trait: its procedures and topics.

use std::collections::{HashMap, HashSet};

use proc_macro2::TokenStream;
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Error, Ident, ItemImpl, ItemTrait, Result, Token, TraitItem};

use super::member::{self, Member};
use crate::attributes::Kind;
use crate::combined;

pub(super) struct Interface {
    pub(super) item: ItemTrait,
    /// Arguments travel by keyword.
    pub(super) named: bool,
    pub(super) procedures: Vec<Member>,
    pub(super) topics: Vec<Member>,
}

pub(super) fn parse(arguments: TokenStream, item: TokenStream) -> Result<Interface> {
    let item: ItemTrait = syn::parse2(item).map_err(|error| {
        let message = format!("`#[interface]` goes on a trait ({error}); for an `impl` block there is `#[component]`");
        Error::new(error.span(), message)
    })?;
    let named = is_named(arguments)?;
    let mut mistakes: Vec<Error> = refuse_trait(&item).into_iter().collect();
    let mut members = Vec::new();
    for one in &item.items {
        match one {
            TraitItem::Fn(function) => match member::parse(function) {
                Ok(member) => members.push(member),
                Err(error) => mistakes.push(error),
            },
            other => mistakes.push(Error::new(other.span(), "an interface has procedures and topics only")),
        }
    }
    if item.items.is_empty() {
        let message = "this interface is empty\n\
                       write in it: #[procedure(\"com.example.add\")] async fn add(&self, a: i64, b: i64) -> i64;";
        mistakes.push(Error::new(item.ident.span(), message));
    }
    mistakes.extend(refuse_twins(&members));
    mistakes.extend(refuse_names(&members));
    if let Some(mistakes) = mistakes.into_iter().reduce(combined) {
        return Err(mistakes);
    }
    let (procedures, topics) = members.into_iter().partition(|member| member.kind == Kind::Procedure);
    Ok(Interface { item, named, procedures, topics })
}

/// The trait as far as the compiler understands it without us, so that its uses are no errors too.
pub(super) fn without_attributes(item: TokenStream) -> TokenStream {
    let Ok(mut parsed) = syn::parse2::<ItemTrait>(item.clone()) else {
        // An `impl` block would bring one error more for each attribute in it.
        return if syn::parse2::<ItemImpl>(item.clone()).is_ok() { TokenStream::new() } else { item };
    };
    parsed.items.retain(|one| !matches!(one, TraitItem::Fn(function) if member::is_topic(function)));
    for one in &mut parsed.items {
        if let TraitItem::Fn(function) = one {
            *function = member::cleaned(function);
        }
    }
    quote::quote!(#[allow(async_fn_in_trait, dead_code)] #parsed)
}

fn is_named(arguments: TokenStream) -> Result<bool> {
    let parser = |input: ParseStream<'_>| {
        if input.is_empty() {
            return Ok(false);
        }
        let key: Ident = input.call(syn::ext::IdentExt::parse_any)?;
        if key != "named" {
            let message = format!(
                "`#[interface]` has no option `{key}`\n\
                 valid options: `named`, by which arguments travel by keyword"
            );
            return Err(Error::new(key.span(), message));
        }
        input.parse::<Option<Token![,]>>()?;
        Ok(true)
    };
    parser.parse2(arguments)
}

fn refuse_trait(item: &ItemTrait) -> Option<Error> {
    if let Some(parameter) = item.generics.params.first() {
        let message = "an interface can't be generic: its types say how messages are decoded at both ends";
        return Some(Error::new(parameter.span(), message));
    }
    if let Some(bound) = item.supertraits.first() {
        let message = "an interface has no supertraits: it says what travels, and nothing of who implements it\n\
                       (`Send + Sync + 'static` it has by itself)";
        return Some(Error::new(bound.span(), message));
    }
    if let Some(token) = &item.unsafety {
        return Some(Error::new(token.span, "an interface can't be unsafe: messages from anywhere come in by it"));
    }
    None
}

/// Two members that a message could not be told for.
fn refuse_twins(members: &[Member]) -> Option<Error> {
    let mut first: HashMap<(Kind, String), &Ident> = HashMap::new();
    let mistakes = members.iter().filter_map(|member| {
        let uri = member.uri.value();
        let twin = first.insert((member.kind, uri.clone()), &member.name)?;
        Some(Error::new(member.uri.span(), format_args!("{uri:?} is `{twin}` already: each has a URI of its own")))
    });
    mistakes.reduce(combined)
}

/// Names that the two ends need for themselves.
fn refuse_names(members: &[Member]) -> Option<Error> {
    let mut taken = HashSet::new();
    let topics = members.iter().filter(|member| member.kind == Kind::Topic);
    let handlers: HashMap<String, &Ident> = topics.map(|topic| (format!("on_{}", topic.name), &topic.name)).collect();
    let mistakes = members.iter().filter_map(|member| {
        let name = member.name.to_string();
        let message = if name == "new" {
            "`new` makes the ends of the interface: use another name".to_owned()
        } else if let Some(topic) = handlers.get(&name) {
            format!("`{name}` subscribes to the topic `{topic}`: use another name")
        } else if !taken.insert(name.clone()) {
            format!("there is a `{name}` already")
        } else {
            return None;
        };
        Some(Error::new(member.name.span(), message))
    });
    mistakes.reduce(combined)
}
