//! `#[interface]`: a trait that says what two programs tell each other.
//!
//! ```text
//! model       the trait: its procedures and topics
//! member      one of them, and what it can't be
//! render      the trait as it is implemented
//! client      the side that calls and publishes
//! callee      the side that is called
//! subscriber  the side that is told
//! take        how a handler takes its arguments
//! ```

mod callee;
mod client;
mod member;
mod model;
mod render;
mod subscriber;
mod take;

use proc_macro2::TokenStream;

use crate::with_error;

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    match model::parse(arguments, item.clone()) {
        Ok(interface) => render::interface(&interface),
        Err(error) => with_error(model::without_attributes(item), &error),
    }
}
