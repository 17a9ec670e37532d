//! The `impl` block: its methods, and what a handler can't be.

use proc_macro2::TokenStream;
use syn::spanned::Spanned;
use syn::{Attribute, Error, ImplItem, ItemImpl, Meta, Result, Signature};

use crate::attributes::{self, Attributes, Kind, Place};
use crate::{combined, docs, model, signature};

pub(super) struct Component {
    /// The block, without our attributes.
    pub(super) item: ItemImpl,
    pub(super) methods: Vec<Method>,
}

/// A method that is a handler.
pub(super) struct Method {
    pub(super) kind: Kind,
    pub(super) attributes: Attributes,
    pub(super) signature: Signature,
    pub(super) doc: String,
    /// What leaves it out of some builds: `#[cfg(…)]`.
    pub(super) conditions: Vec<Attribute>,
}

/// Reads the block, with what is wrong with its methods.
pub(super) fn parse(item: TokenStream) -> Result<(Component, Option<Error>)> {
    let mut item: ItemImpl = syn::parse2(item)
        .map_err(|error| Error::new(error.span(), format_args!("`#[component]` goes on an `impl` block ({error})")))?;
    let (mut methods, mut mistakes) = (Vec::new(), Vec::new());
    if let Some((path, _)) = &item.trait_ {
        let message = "a component is an `impl` block of the type itself, not of a trait\n\
                       for a trait that two programs share there is `#[interface]`";
        mistakes.push(Error::new(path.span(), message));
    }
    for method in &mut item.items {
        let ImplItem::Fn(method) = method else { continue };
        let ours: Vec<_> = model::ours(&method.attrs).map(|(kind, attribute)| (kind, attribute.clone())).collect();
        method.attrs.retain(|attribute| model::ours(std::slice::from_ref(attribute)).next().is_none());
        let Some(((kind, attribute), rest)) = ours.split_first() else { continue };
        if let Some((_, second)) = rest.first() {
            let message = "a method has one of these attributes only: let a second one call the first";
            mistakes.push(Error::new(second.path().span(), message));
        }
        mistakes.extend(signature::receiver(&method.sig));
        mistakes.extend(signature::mistakes(&method.sig));
        match read(*kind, attribute) {
            Ok(attributes) => methods.push(Method {
                kind: *kind,
                attributes,
                signature: method.sig.clone(),
                doc: docs::of(&method.attrs),
                conditions: method.attrs.iter().filter(|one| one.path().is_ident("cfg")).cloned().collect(),
            }),
            Err(error) => mistakes.push(error),
        }
    }
    if methods.is_empty() && mistakes.is_empty() {
        let message = "no method of this component is a handler\n\
                       put `#[register(\"…\")]`, `#[subscribe(\"…\")]`, `#[on_join]` or `#[on_leave]` on one";
        mistakes.push(Error::new(item.self_ty.span(), message));
    }
    Ok((Component { item, methods }, mistakes.into_iter().reduce(combined)))
}

fn read(kind: Kind, attribute: &Attribute) -> Result<Attributes> {
    let arguments = match &attribute.meta {
        Meta::Path(_) => TokenStream::new(),
        Meta::List(list) => list.tokens.clone(),
        Meta::NameValue(pair) => {
            let message = format!("parentheses are missing: write `#[{}(\"…\")]`", kind.name());
            return Err(Error::new(pair.eq_token.span(), message));
        }
    };
    attributes::parse(kind, Place::Method, attribute.path().span(), arguments)
}
