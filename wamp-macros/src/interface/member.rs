//! A procedure or a topic of an interface, and what it can't be.

use proc_macro2::TokenStream;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, FnArg, GenericArgument, Ident, LitStr, Meta, Pat, PathArguments, Result, ReturnType, Signature,
    TraitItemFn, Type,
};

use crate::attributes::{self, Attributes, Kind, Place};
use crate::{combined, docs, model, signature};

/// A procedure or a topic.
pub(super) struct Member {
    pub(super) kind: Kind,
    pub(super) name: Ident,
    pub(super) uri: LitStr,
    pub(super) attributes: Attributes,
    pub(super) arguments: Vec<Argument>,
    pub(super) output: Output,
    /// As written, without our attributes.
    pub(super) function: TraitItemFn,
    pub(super) doc: String,
}

pub(super) struct Argument {
    pub(super) name: Ident,
    pub(super) ty: Type,
    /// Taken by the receiving side from the message or its session, and not sent.
    pub(super) extracted: bool,
}

/// What a procedure returns.
pub(super) struct Output {
    pub(super) value: Type,
    /// Its own errors, where it has any.
    pub(super) error: Option<Type>,
}

/// The extractors, which say nothing of what travels.
const EXTRACTORS: &[&str] = &[
    "State",
    "Client",
    "SessionInfo",
    "Caller",
    "Topic",
    "Procedure",
    "Details",
    "Kwargs",
    "Rest",
    "Progress",
    "Parts",
];

pub(super) fn parse(function: &TraitItemFn) -> Result<Member> {
    let (kind, attribute) = the_attribute(function)?;
    let mut mistakes = Vec::new();
    if let Some(body) = &function.default {
        mistakes.push(Error::new(body.span(), "an interface has no code, which each implementation has: write `;`"));
    }
    let signature = &function.sig;
    match kind {
        Kind::Procedure => {
            mistakes.extend(signature::receiver(signature));
            mistakes.extend(signature::mistakes(signature));
        }
        _ => mistakes.extend(refuse_topic(signature)),
    }
    let mut arguments = Vec::new();
    for input in &signature.inputs {
        let FnArg::Typed(input) = input else { continue };
        match argument(input) {
            Ok(argument) => arguments.push(argument),
            Err(error) => mistakes.push(error),
        }
    }
    let output = output(&signature.output).unwrap_or_else(|error| {
        mistakes.push(error);
        Output { value: syn::parse_quote!(()), error: None }
    });
    let attributes = read(kind, attribute).map_err(|error| mistakes.push(error)).ok();
    let uri = attributes.as_ref().and_then(|attributes| attributes.uri()).cloned();
    match (attributes, uri, mistakes.into_iter().reduce(combined)) {
        (Some(attributes), Some(uri), None) => {
            let function = cleaned(function);
            let (name, doc) = (signature.ident.clone(), docs::of(&function.attrs));
            Ok(Member { kind, name, uri, attributes, arguments, output, function, doc })
        }
        (_, _, mistakes) => Err(mistakes.unwrap_or_else(|| Error::new(signature.ident.span(), "the URI is missing"))),
    }
}

impl Member {
    /// The arguments that are sent.
    pub(super) fn sent(&self) -> impl Iterator<Item = &Argument> {
        self.arguments.iter().filter(|argument| !argument.extracted)
    }

    /// What leaves it out of some builds: `#[cfg(…)]`.
    pub(super) fn conditions(&self) -> impl Iterator<Item = &Attribute> {
        self.function.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"))
    }

    /// Its documentation, for the ends of the interface; `otherwise` where it has none.
    pub(super) fn doc(&self, otherwise: &str) -> String {
        if self.doc.is_empty() { format!("{otherwise} `{}`.", self.uri.value()) } else { self.doc.clone() }
    }
}

impl Argument {
    /// The keyword it travels under.
    pub(super) fn keyword(&self) -> String {
        self.name.to_string().trim_start_matches("r#").to_owned()
    }
}

/// Whether the function is a topic, as far as can be told.
pub(super) fn is_topic(function: &TraitItemFn) -> bool {
    ours(&function.attrs).any(|(kind, _)| kind == Kind::Topic)
}

/// The function without our attributes.
pub(super) fn cleaned(function: &TraitItemFn) -> TraitItemFn {
    let mut function = function.clone();
    let is_foreign = |attribute: &Attribute| {
        let one = std::slice::from_ref(attribute);
        ours(one).next().is_none() && model::ours(one).next().is_none()
    };
    function.attrs.retain(is_foreign);
    for input in &mut function.sig.inputs {
        if let FnArg::Typed(input) = input {
            input.attrs.retain(|attribute| !attribute.path().is_ident("extract"));
        }
    }
    function
}

fn ours(attributes: &[Attribute]) -> impl Iterator<Item = (Kind, &Attribute)> {
    attributes.iter().filter_map(|attribute| {
        let last = attribute.path().segments.last()?;
        Some((Kind::of_member(&last.ident.to_string())?, attribute))
    })
}

fn the_attribute(function: &TraitItemFn) -> Result<(Kind, &Attribute)> {
    let mut ours = ours(&function.attrs);
    match (ours.next(), ours.next()) {
        (Some(first), None) => Ok(first),
        (_, Some((_, second))) => {
            Err(Error::new(second.path().span(), "a function of an interface is one procedure, or one topic"))
        }
        (None, None) => match model::ours(&function.attrs).next() {
            Some((kind, attribute)) => {
                let instead = if kind == Kind::Subscribe { "topic" } else { "procedure" };
                let message = format!(
                    "`#[{}]` attaches a handler, and an interface says what two programs share: write `#[{instead}(\"…\")]`",
                    kind.name()
                );
                Err(Error::new(attribute.path().span(), message))
            }
            None => {
                let name = &function.sig.ident;
                let message = format!(
                    "`{name}` is neither a procedure nor a topic\n\
                     write before it: #[procedure(\"com.example.{name}\")] or #[topic(\"com.example.{name}\")]"
                );
                Err(Error::new(name.span(), message))
            }
        },
    }
}

fn read(kind: Kind, attribute: &Attribute) -> Result<Attributes> {
    let arguments = match &attribute.meta {
        Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    };
    attributes::parse(kind, Place::Interface, attribute.path().span(), arguments)
}

fn refuse_topic(signature: &Signature) -> Vec<Error> {
    let example = format!("a topic is written `fn {}(…);`", signature.ident);
    let mut mistakes = Vec::new();
    if let Some(token) = &signature.asyncness {
        mistakes.push(Error::new(token.span, format_args!("{example}, without `async`: it says what events hold")));
    }
    if let Some(FnArg::Receiver(receiver)) = signature.inputs.first() {
        mistakes.push(Error::new(receiver.span(), format_args!("{example}, without `self`: nobody implements it")));
    }
    if let ReturnType::Type(_, ty) = &signature.output {
        mistakes.push(Error::new(ty.span(), format_args!("{example}, without a result: an event has no answer")));
    }
    // That it is not async is right, and the mistake of having no `async` is not one.
    let mut signature = signature.clone();
    signature.asyncness = Some(syn::token::Async::default());
    mistakes.extend(signature::mistakes(&signature));
    mistakes
}

fn argument(input: &syn::PatType) -> Result<Argument> {
    let Pat::Ident(pattern) = &*input.pat else {
        let message = "an argument of an interface has a plain name, which both ends know it by";
        return Err(Error::new(input.pat.span(), message));
    };
    let extracted = input.attrs.iter().any(|attribute| attribute.path().is_ident("extract"));
    if !extracted
        && let Type::Path(path) = &*input.ty
        && let Some(last) = path.path.segments.last()
        && EXTRACTORS.contains(&last.ident.to_string().as_str())
    {
        let name = &pattern.ident;
        let message = format!(
            "`{}` is not sent, but taken by the side that receives the message\n\
             write: #[extract] {name}: {}",
            last.ident,
            signature::written(&input.ty)
        );
        return Err(Error::new(input.ty.span(), message));
    }
    Ok(Argument { name: pattern.ident.clone(), ty: (*input.ty).clone(), extracted })
}

fn output(output: &ReturnType) -> Result<Output> {
    let ReturnType::Type(_, ty) = output else { return Ok(Output { value: syn::parse_quote!(()), error: None }) };
    match &**ty {
        Type::ImplTrait(_) | Type::Never(_) => {
            Err(Error::new(ty.span(), "a result needs a concrete type, which says how it is decoded"))
        }
        Type::Reference(_) => Err(Error::new(
            ty.span(),
            "a result can't be borrowed, since it is sent to another program: write an owned type",
        )),
        Type::Path(path) => match path.path.segments.last() {
            Some(last) if last.ident == "Result" => result(ty, &last.arguments),
            _ => Ok(Output { value: (**ty).clone(), error: None }),
        },
        _ => Ok(Output { value: (**ty).clone(), error: None }),
    }
}

fn result(ty: &Type, arguments: &PathArguments) -> Result<Output> {
    let types: Vec<&Type> = match arguments {
        PathArguments::AngleBracketed(arguments) => arguments
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    match types[..] {
        [value, error] => Ok(Output { value: value.clone(), error: Some(error.clone()) }),
        _ => {
            let message = "the error's type must be known, since the caller gets it back: write `Result<T, E>`, where \
                           `E` has `#[derive(WampError)]`, or is `WampError`";
            Err(Error::new(ty.span(), message))
        }
    }
}
