//! `#[component]`: an `impl` block whose methods are handlers.
//!
//! ```text
//! model    the block: its methods, and what a handler can't be
//! render   the code that is added
//! ```

mod model;
mod render;

use proc_macro2::TokenStream;

use crate::with_error;

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let (component, mut mistakes) = match model::parse(item.clone()) {
        Ok(read) => read,
        Err(error) => return with_error(item, &error),
    };
    if !arguments.is_empty() {
        let message = "`#[component]` takes nothing in parentheses: the URIs stand at the methods";
        mistakes.get_or_insert(syn::Error::new_spanned(arguments, message));
    }
    match mistakes {
        None => render::component(&component),
        Some(mistakes) => with_error(render::placeholder(&component), &mistakes),
    }
}
