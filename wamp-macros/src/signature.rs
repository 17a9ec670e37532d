//! What a function looks like from outside: its parameters, and what a handler can't have there.

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::{Error, FnArg, Pat, PatType, ReceiverKind, ReturnType, Safety, Signature, Type};

/// One parameter of the function.
pub(crate) struct Parameter {
    /// Its name, for error messages to callers; empty where the pattern has none.
    pub(crate) name: String,
    pub(crate) ty: Type,
}

/// The parameters, without `self`.
pub(crate) fn parameters(signature: &Signature) -> Vec<Parameter> {
    let typed = signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(parameter) => Some(Parameter { name: name(&parameter.pat), ty: (*parameter.ty).clone() }),
        FnArg::Receiver(_) => None,
    });
    typed.collect()
}

/// The name a parameter's pattern gives it: `a`, `mut a`, `State(a)`.
fn name(pattern: &Pat) -> String {
    match pattern {
        Pat::Ident(pattern) => pattern.ident.to_string().trim_start_matches("r#").to_owned(),
        Pat::TupleStruct(pattern) if pattern.elems.len() == 1 => name(&pattern.elems[0]),
        _ => String::new(),
    }
}

/// What the function returns, as its author wrote it; empty for nothing.
pub(crate) fn returned(signature: &Signature) -> String {
    match &signature.output {
        ReturnType::Default => String::new(),
        ReturnType::Type(_, ty) => written(ty),
    }
}

/// What can't be a handler, all of it at once.
pub(crate) fn mistakes(signature: &Signature) -> Vec<Error> {
    let mut mistakes = Vec::new();
    if signature.asyncness.is_none() {
        let message = format!("a handler is async: write `async fn {}`", signature.ident);
        mistakes.push(Error::new(signature.fn_token.span, message));
    }
    if let Safety::Unsafe(token) = &signature.safety {
        mistakes.push(Error::new(token.span, "a handler can't be unsafe: messages from anywhere call it"));
    }
    if let Some(constness) = &signature.constness {
        mistakes.push(Error::new(constness.span, "a handler can't be const"));
    }
    if let Some(abi) = &signature.abi {
        mistakes.push(Error::new(abi.span(), "a handler is an ordinary Rust function: leave the ABI out"));
    }
    if let Some(parameter) = signature.generics.params.first() {
        mistakes.push(Error::new(
            parameter.span(),
            "a handler can't be generic: its argument types say how a message is decoded, so write concrete ones",
        ));
    }
    mistakes.extend(signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(parameter) => refuse_type(parameter),
        FnArg::Receiver(_) => None,
    }));
    mistakes
}

/// Refuses a method whose receiver is not `&self`.
pub(crate) fn receiver(signature: &Signature) -> Option<Error> {
    let Some(FnArg::Receiver(receiver)) = signature.inputs.first() else {
        let message = format!("`&self` is missing: write `async fn {}(&self, …)`", signature.ident);
        return Some(Error::new(signature.ident.span(), message));
    };
    let problem = match &receiver.kind {
        ReceiverKind::Reference(_, _, None) => return None,
        ReceiverKind::Reference(..) => {
            "a handler has `&self`, since several messages may be handled at once: change what is behind a `Mutex`, \
             or an atomic number"
        }
        _ => "a handler has `&self`: there will be more messages after the first",
    };
    Some(Error::new(receiver.span(), problem))
}

fn refuse_type(PatType { ty, .. }: &PatType) -> Option<Error> {
    if let Type::Reference(reference) = &**ty {
        let owned = owned(&reference.elem);
        let message = format!(
            "an argument can't be borrowed, since the message it comes from is gone while the function runs\n\
             write: {owned}"
        );
        return Some(Error::new(reference.and_token.span(), message));
    }
    if let Type::ImplTrait(ty) = &**ty {
        let message = "an argument needs a concrete type, which says how it is decoded";
        return Some(Error::new(ty.span(), message));
    }
    let borrow = find_borrow(quote::ToTokens::to_token_stream(ty))?;
    let message = "an argument can't borrow, since the message it comes from is gone while the function runs\n\
                   write an owned type: String, Vec<T>, Vec<u8>";
    Some(Error::new(borrow.span(), message))
}

/// The owned type to take in the place of a reference to `borrowed`.
fn owned(borrowed: &Type) -> String {
    match borrowed {
        Type::Slice(slice) => format!("Vec<{}>", written(&slice.elem)),
        Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
        Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Path") => "PathBuf".to_owned(),
        other => written(other),
    }
}

/// The type as text.
pub(crate) fn written(ty: &Type) -> String {
    quote::ToTokens::to_token_stream(ty).to_string().replace(' ', "")
}

/// A reference or a lifetime anywhere in a type. `'static` doesn't help: nothing decoded lives so long.
fn find_borrow(ty: TokenStream) -> Option<TokenTree> {
    ty.into_iter().find_map(|token| match &token {
        TokenTree::Punct(punct) if matches!(punct.as_char(), '&' | '\'') => Some(token),
        TokenTree::Group(group) => find_borrow(group.stream()),
        _ => None,
    })
}
