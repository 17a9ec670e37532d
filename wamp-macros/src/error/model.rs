//! The enum: its variants, each with its whole URI.

use std::collections::HashMap;

use proc_macro2::TokenStream;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, Ident, LitStr, Result};

use super::attributes::{self, Meaning};
use crate::{combined, docs, uri};

/// The enum, checked.
pub(super) struct Errors {
    pub(super) name: Ident,
    pub(super) variants: Vec<Variant>,
}

pub(super) struct Variant {
    pub(super) name: Ident,
    /// None for the one that stands for all others.
    pub(super) uri: Option<String>,
    pub(super) fields: Fields,
    /// Its documentation.
    pub(super) doc: String,
}

pub(super) fn parse(item: TokenStream) -> Result<Errors> {
    let input: DeriveInput = syn::parse2(item)?;
    let Data::Enum(data) = &input.data else {
        let message = "`WampError` is derived for an enum, with one variant for each error URI";
        return Err(Error::new(input.ident.span(), message));
    };
    if let Some(parameter) = input.generics.params.first() {
        let message = "an error that travels can't be generic: its fields' types say how they are decoded";
        return Err(Error::new(parameter.span(), message));
    }
    if data.variants.is_empty() {
        return Err(Error::new(input.ident.span(), "an enum without variants stands for no error: add one"));
    }
    let prefix = attributes::of_enum(&input.attrs)?;
    if let Some(prefix) = &prefix {
        uri::check_error(prefix, &prefix.value())?;
    }
    let mut mistakes = Vec::new();
    let mut variants = Vec::new();
    for variant in &data.variants {
        match one(variant, prefix.as_ref()) {
            Ok(variant) => variants.push(variant),
            Err(error) => mistakes.push(error),
        }
    }
    if mistakes.is_empty() {
        mistakes.extend(refuse_twins(&variants, data));
        mistakes.extend(prefix.and_then(|prefix| refuse_idle(&prefix, data)));
    }
    match mistakes.into_iter().reduce(combined) {
        Some(mistakes) => Err(mistakes),
        None => Ok(Errors { name: input.ident, variants }),
    }
}

fn one(variant: &syn::Variant, prefix: Option<&LitStr>) -> Result<Variant> {
    for field in &variant.fields {
        attributes::of_field(&field.attrs)?;
    }
    let uri = match attributes::of_variant(&variant.attrs)? {
        Some(Meaning::Uri(literal)) => Some(whole(&literal, prefix)?),
        Some(Meaning::Other(key)) => {
            check_other(&key, &variant.fields)?;
            None
        }
        None => {
            let word = snake_case(&variant.ident);
            let example = if prefix.is_some() { format!(".{word}") } else { format!("com.example.error.{word}") };
            let message = format!(
                "`{}` has no URI, and its name is no substitute, since callers would notice a new one\n\
                 write: #[wamp({example:?})]",
                variant.ident
            );
            return Err(Error::new(variant.ident.span(), message));
        }
    };
    let (name, fields) = (variant.ident.clone(), variant.fields.clone());
    Ok(Variant { name, uri, fields, doc: docs::of(&variant.attrs) })
}

/// The URI, after the enum's prefix if it begins with a dot.
fn whole(literal: &LitStr, prefix: Option<&LitStr>) -> Result<String> {
    let text = literal.value();
    let uri = match (text.strip_prefix('.'), prefix) {
        (Some(_), Some(prefix)) => format!("{}{text}", prefix.value()),
        (Some(_), None) => {
            let message = "a URI that begins with a dot continues the enum's prefix, and there is none\n\
                           write before the enum: #[wamp(prefix = \"com.example.error\")]";
            return Err(Error::new(literal.span(), message));
        }
        (None, _) => text,
    };
    uri::check_error(literal, &uri)?;
    Ok(uri)
}

fn check_other(key: &Ident, fields: &Fields) -> Result<()> {
    match fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => Ok(()),
        _ => Err(Error::new(
            key.span(),
            "the variant for all other errors holds the error as it came: `Other(WampError)`",
        )),
    }
}

/// Two variants that a caller could not tell apart.
fn refuse_twins(variants: &[Variant], data: &syn::DataEnum) -> Option<Error> {
    let mut first: HashMap<Option<&str>, &Ident> = HashMap::new();
    let mistakes = variants.iter().zip(&data.variants).filter_map(|(variant, written)| {
        let twin = first.insert(variant.uri.as_deref(), &variant.name)?;
        let message = match &variant.uri {
            Some(uri) => format!("{uri:?} is the URI of `{twin}` already: a caller could not tell the two apart"),
            None => format!("`{twin}` stands for all other errors already"),
        };
        Some(Error::new(written.ident.span(), message))
    });
    mistakes.reduce(combined)
}

/// A prefix that no variant continues is one that was forgotten in each of them.
fn refuse_idle(prefix: &LitStr, data: &syn::DataEnum) -> Option<Error> {
    let continues = |variant: &syn::Variant| matches!(attributes::of_variant(&variant.attrs), Ok(Some(Meaning::Uri(uri))) if uri.value().starts_with('.'));
    if data.variants.iter().any(continues) {
        return None;
    }
    let message =
        "no variant continues the prefix: a variant's URI does if it begins with a dot, as in `#[wamp(\".full\")]`";
    Some(Error::new(prefix.span(), message))
}

fn snake_case(name: &Ident) -> String {
    let mut snake = String::new();
    for character in name.to_string().chars() {
        if character.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    snake
}
