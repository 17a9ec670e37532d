//! `#[derive(WampError)]`: an enum whose variants are error URIs.
//!
//! ```text
//! attributes   what is written in the brackets: the prefix, the URIs
//! model        the enum: its variants with their whole URIs
//! render       the code that is added
//! ```

mod attributes;
mod model;
mod render;

use proc_macro2::TokenStream;

pub(crate) fn expand(item: TokenStream) -> TokenStream {
    match model::parse(item) {
        Ok(errors) => render::errors(&errors),
        Err(error) => error.to_compile_error(),
    }
}
