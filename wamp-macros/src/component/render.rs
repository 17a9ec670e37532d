//! The code that is added to an `impl` block: the list of its handlers.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::LitStr;
use syn::spanned::Spanned;

use super::model::{Component, Method};
use crate::render::{assembled, definition, source};
use crate::{signature, uri};

/// The block, and its handlers.
pub(super) fn component(component: &Component) -> TokenStream {
    let methods = component.methods.iter().map(|method| self::method(component, method));
    with_handlers(
        component,
        &quote! {
            use ::wamp_client::__private;

            let component = self;
            let mut definitions = ::std::vec::Vec::new();
            #(#methods)*
            definitions
        },
    )
}

/// The block, with no handlers, so that its uses are no errors.
pub(super) fn placeholder(component: &Component) -> TokenStream {
    with_handlers(component, &quote!(::core::unreachable!()))
}

fn with_handlers(Component { item, .. }: &Component, definitions: &TokenStream) -> TokenStream {
    let ty = &item.self_ty;
    // Said here a value that can't be shared is one error, and not one more for each of its methods.
    let mut generics = item.generics.clone();
    let shared = quote_spanned!(ty.span()=> #ty: ::core::marker::Send + ::core::marker::Sync + 'static);
    generics.make_where_clause().predicates.push(syn::parse_quote!(#shared));
    let (generics, _, conditions) = generics.split_for_impl();
    quote! {
        #item

        impl #generics ::wamp_client::Component for #ty #conditions {
            fn definitions(self: ::std::sync::Arc<Self>) -> ::std::vec::Vec<::wamp_client::Definition> {
                #definitions
            }
        }
    }
}

fn method(Component { item, .. }: &Component, method: &Method) -> TokenStream {
    let Method { kind, attributes, signature, doc, conditions } = method;
    let name = &signature.ident;
    let assembled = assembled(*kind, signature, |arguments| {
        quote! {
            let component = ::std::sync::Arc::clone(&component);
            let running = async move { component.#name(#(#arguments),*).await };
        }
    });
    let uri = attributes.uri().map(filled);
    let define = definition(attributes, uri.as_ref());
    let path = format!("{}::{name}", signature::written(&item.self_ty));
    let source = source(signature, doc, &quote!(#path), false);
    quote! {
        #(#conditions)*
        {
            let fields: &Self = &component;
            let _ = fields;
            let component = ::std::sync::Arc::clone(&component);
            #assembled
            definitions.push(#define.of_method(#source, sent));
        }
    }
}

/// The URI with the component's fields in it.
fn filled(literal: &LitStr) -> TokenStream {
    let (format, names) = uri::fields(&literal.value());
    if names.is_empty() {
        return quote!(#literal);
    }
    let names = names.iter().map(|field| syn::Ident::new(field, literal.span()));
    quote!(::std::format!(#format #(, fields.#names)*))
}
