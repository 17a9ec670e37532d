//! The function a macro is put on.

use proc_macro2::TokenStream;
use syn::spanned::Spanned;
use syn::{Attribute, Error, FnArg, ItemFn, Result};

use crate::attributes::Kind;
use crate::{combined, signature};

/// The function, and which macro it has.
pub(crate) struct Function {
    pub(crate) item: ItemFn,
    pub(crate) kind: Kind,
}

/// Reads the function; refuses what no companion can stand beside.
pub(crate) fn parse(kind: Kind, item: TokenStream) -> Result<Function> {
    let item: ItemFn = syn::parse2(item).map_err(|error| {
        Error::new(error.span(), format_args!("`#[{}]` goes on an `async fn` ({error})", kind.name()))
    })?;
    refuse_second_attribute(&item)?;
    if let Some(FnArg::Receiver(receiver)) = item.sig.inputs.first() {
        let message = format!(
            "a method is attached with its whole `impl` block: write `#[component]` before `impl`\n\
             or make `{}` a free function, which shares what it needs by `State<T>`",
            item.sig.ident
        );
        return Err(Error::new(receiver.span(), message));
    }
    Ok(Function { item, kind })
}

fn refuse_second_attribute(item: &ItemFn) -> Result<()> {
    let Some((_, second)) = ours(&item.attrs).next() else { return Ok(()) };
    let name = &item.sig.ident;
    let message = format!(
        "a function has one of these attributes only\n\
         attach it a second time with `.subscribe(\"…\", {name})` or `.register(\"…\", {name})` on the App"
    );
    Err(Error::new(second.path().segments.last().span(), message))
}

/// The attributes that attach a function.
pub(crate) fn ours(attributes: &[Attribute]) -> impl Iterator<Item = (Kind, &Attribute)> {
    attributes.iter().filter_map(|attribute| {
        let last = attribute.path().segments.last()?;
        Some((Kind::of_handler(&last.ident.to_string())?, attribute))
    })
}

impl Function {
    /// Refuses what can't be a handler, all of it at once.
    pub(crate) fn check(&self) -> Result<()> {
        match signature::mistakes(&self.item.sig).into_iter().reduce(combined) {
            Some(mistakes) => Err(mistakes),
            None => Ok(()),
        }
    }
}
