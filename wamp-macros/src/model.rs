//! The function a macro is put on.

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::{Error, FnArg, ItemFn, Pat, PatType, Result, Safety, Type};

use crate::attributes::Kind;

/// The function, and what of it matters.
pub(crate) struct Function {
    pub(crate) item: ItemFn,
    pub(crate) parameters: Vec<Parameter>,
    kind: Kind,
}

/// One parameter of the function.
pub(crate) struct Parameter {
    /// Its name, for error messages to callers; empty where the pattern has none.
    pub(crate) name: String,
    pub(crate) ty: Type,
}

/// Reads the function; refuses what no companion can stand beside.
pub(crate) fn parse(kind: Kind, item: TokenStream) -> Result<Function> {
    let item: ItemFn = syn::parse2(item).map_err(|error| {
        Error::new(error.span(), format_args!("`#[{}]` goes on an `async fn` ({error})", kind.name()))
    })?;
    refuse_second_attribute(&item)?;
    let parameters = item
        .sig
        .inputs
        .iter()
        .map(|input| match input {
            FnArg::Typed(parameter) => Ok(Parameter { name: name(&parameter.pat), ty: (*parameter.ty).clone() }),
            FnArg::Receiver(receiver) => Err(Error::new(
                receiver.span(),
                "a handler is a free function, without `self`: share what it needs with `State<T>`",
            )),
        })
        .collect::<Result<_>>()?;
    Ok(Function { item, parameters, kind })
}

fn refuse_second_attribute(item: &ItemFn) -> Result<()> {
    let is_ours = |name: &syn::Ident| matches!(&*name.to_string(), "subscribe" | "register" | "on_join" | "on_leave");
    let paths = item.attrs.iter().map(|attribute| attribute.path());
    let Some(second) = paths.filter_map(|path| path.segments.last()).find(|last| is_ours(&last.ident)) else {
        return Ok(());
    };
    let name = &item.sig.ident;
    let message = format!(
        "a function has one of these attributes only\n\
         attach it a second time with `.subscribe(\"…\", {name})` or `.register(\"…\", {name})` on the App"
    );
    Err(Error::new(second.ident.span(), message))
}

/// The name a parameter's pattern gives it: `a`, `mut a`, `State(a)`.
fn name(pattern: &Pat) -> String {
    match pattern {
        Pat::Ident(pattern) => pattern.ident.to_string().trim_start_matches("r#").to_owned(),
        Pat::TupleStruct(pattern) if pattern.elems.len() == 1 => name(&pattern.elems[0]),
        _ => String::new(),
    }
}

impl Function {
    /// Refuses what can't be a handler, all of it at once.
    pub(crate) fn check(&self) -> Result<()> {
        let signature = &self.item.sig;
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
        mistakes.extend(signature.inputs.iter().filter_map(refuse_parameter));
        match mistakes.into_iter().reduce(crate::combined) {
            Some(mistakes) => Err(mistakes),
            None => Ok(()),
        }
    }

    /// Which macro it has.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }
}

fn refuse_parameter(parameter: &FnArg) -> Option<Error> {
    match parameter {
        FnArg::Typed(parameter) => refuse_type(parameter),
        FnArg::Receiver(_) => None,
    }
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

fn written(ty: &Type) -> String {
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
