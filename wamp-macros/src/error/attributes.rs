//! What is written in the brackets: `#[wamp("com.example.error.full")]`, `#[wamp(prefix = "com.example.error")]`.

use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Ident, LitStr, Meta, Result, Token};

/// What a variant stands for.
pub(super) enum Meaning {
    /// The error of this URI, as written: perhaps without its beginning.
    Uri(LitStr),
    /// Every error that no other variant stands for.
    Other(Ident),
}

/// What the enum's attribute says, if it has one.
pub(super) fn of_enum(attributes: &[Attribute]) -> Result<Option<LitStr>> {
    const EXAMPLE: &str = "on the enum: `#[wamp(prefix = \"com.example.error\")]`";
    let Some(attribute) = only_one(attributes)? else { return Ok(None) };
    let parser = |input: ParseStream<'_>| {
        let key: Ident = input
            .call(syn::ext::IdentExt::parse_any)
            .map_err(|error| Error::new(error.span(), format_args!("expected `prefix = \"…\"`, {EXAMPLE}")))?;
        if key != "prefix" {
            let message = format!("`#[wamp]` has no option `{key}` here\n{EXAMPLE}");
            return Err(Error::new(key.span(), message));
        }
        input
            .parse::<Token![=]>()
            .map_err(|_| Error::new(key.span(), format_args!("`prefix` needs a value, {EXAMPLE}")))?;
        let prefix: LitStr = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        Ok(prefix)
    };
    within(attribute, EXAMPLE, parser).map(Some)
}

/// What a variant's attribute says; nothing where there is none.
pub(super) fn of_variant(attributes: &[Attribute]) -> Result<Option<Meaning>> {
    const VALID: &str = "on a variant: `#[wamp(\"com.example.error.full\")]`, or `#[wamp(other)]`";
    let Some(attribute) = only_one(attributes)? else { return Ok(None) };
    let parser = |input: ParseStream<'_>| {
        let meaning = if input.peek(LitStr) {
            Meaning::Uri(input.parse()?)
        } else {
            let key: Ident = input
                .call(syn::ext::IdentExt::parse_any)
                .map_err(|error| Error::new(error.span(), format_args!("expected a URI, {VALID}")))?;
            if key != "other" {
                return Err(Error::new(key.span(), format_args!("`#[wamp]` has no option `{key}` here\n{VALID}")));
            }
            Meaning::Other(key)
        };
        input.parse::<Option<Token![,]>>()?;
        Ok(meaning)
    };
    within(attribute, VALID, parser).map(Some)
}

/// Refuses the attribute where it means nothing.
pub(super) fn of_field(attributes: &[Attribute]) -> Result<()> {
    match ours(attributes).next() {
        Some(attribute) => Err(Error::new(
            attribute.span(),
            "a field has no `#[wamp]`: it travels under its own name, or as a positional argument where it has none",
        )),
        None => Ok(()),
    }
}

fn ours(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("wamp"))
}

fn only_one(attributes: &[Attribute]) -> Result<Option<&Attribute>> {
    let mut ours = ours(attributes);
    let first = ours.next();
    match ours.next() {
        Some(second) => Err(Error::new(second.span(), "`#[wamp]` stands here once only")),
        None => Ok(first),
    }
}

/// Reads what is in the brackets; `valid` says what may be there.
fn within<T>(attribute: &Attribute, valid: &str, parser: impl Fn(ParseStream<'_>) -> Result<T>) -> Result<T> {
    match &attribute.meta {
        Meta::List(list) if !list.tokens.is_empty() => parser.parse2(list.tokens.clone()),
        meta => Err(Error::new(meta.span(), format_args!("`#[wamp]` says nothing\n{valid}"))),
    }
}
