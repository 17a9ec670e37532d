//! The code a derive adds: both ways between the enum and the error that travels.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Fields, Ident};

use super::model::{Errors, Variant};

pub(super) fn errors(errors: &Errors) -> TokenStream {
    let Errors { name, variants } = errors;
    let sent = variants.iter().map(sent);
    let received = variants.iter().filter(|variant| variant.uri.is_some()).map(received);
    let other = match variants.iter().find(|variant| variant.uri.is_none()) {
        Some(Variant { name, fields, .. }) => {
            let span = fields.iter().next().map_or_else(|| name.span(), |field| field.ty.span());
            let types = fields.iter().map(|field| &field.ty);
            let caught = quote_spanned!(span=> #(<#types as __private::CatchAll>::caught)*);
            quote!(_ => ::core::option::Option::Some(Self::#name(#caught(error))))
        }
        None => quote!(_ => ::core::option::Option::None),
    };
    let known = variants.iter().filter_map(|variant| {
        let (uri, doc) = (variant.uri.as_ref()?, &variant.doc);
        Some(quote!((#uri, #doc)))
    });
    quote! {
        #[automatically_derived]
        impl ::wamp_client::TypedError for #name {
            const URIS: &'static [(&'static str, &'static str)] = &[#(#known),*];

            fn to_wamp(&self) -> ::wamp_client::WampError {
                use ::wamp_client::__private;
                match self { #(#sent),* }
            }

            fn from_wamp(error: &::wamp_client::WampError) -> ::core::option::Option<Self> {
                use ::wamp_client::__private;
                match error.uri() { #(#received,)* #other }
            }

            fn of<'error>(
                error: &'error (dyn ::core::error::Error + 'static),
            ) -> ::core::option::Option<&'error Self> {
                <Self as ::wamp_client::__private::ErrorText>::of(error)
            }
        }

        #[automatically_derived]
        impl ::core::convert::From<#name> for ::wamp_client::WampError {
            fn from(error: #name) -> Self {
                ::wamp_client::TypedError::to_wamp(&error)
            }
        }

        ::wamp_client::__private::inventory::submit! {
            ::wamp_client::__private::KnownError::of::<#name>()
        }
    }
}

/// The arm that makes an error that travels out of a variant.
fn sent(variant: &Variant) -> TokenStream {
    let Variant { name, uri, fields, .. } = variant;
    let Some(uri) = uri else {
        let released = fields.iter().map(|field| {
            let ty = &field.ty;
            quote_spanned!(ty.span()=> <#ty as __private::CatchAll>::released)
        });
        return quote!(Self::#name(error) => #(#released)*(error));
    };
    let travels = fields.iter().map(|field| {
        let ty = &field.ty;
        quote_spanned!(ty.span()=> <#ty as __private::Travels>::to_value)
    });
    let error = quote!(::wamp_client::WampError::new(#uri));
    let text = quote!(.arg(__private::ErrorText::text(self)));
    match fields {
        Fields::Unit => quote!(Self::#name => #error #text),
        Fields::Unnamed(_) => {
            let values = values(fields);
            quote!(Self::#name(#(#values),*) => #error #(.arg(#travels(#values)))*)
        }
        Fields::Named(_) => {
            let (names, keys) = names(fields);
            let values = values(fields);
            quote!(Self::#name { #(#names: #values),* } => #error #text #(.kwarg(#keys, #travels(#values)))*)
        }
    }
}

/// The arm that makes a variant out of an error that came.
fn received(variant: &Variant) -> TokenStream {
    let Variant { name, uri, fields, .. } = variant;
    let travels = fields.iter().map(|field| {
        let ty = &field.ty;
        quote_spanned!(ty.span()=> <#ty as __private::Travels>::from_value)
    });
    let made = match fields {
        Fields::Unit => quote!(Self::#name),
        Fields::Unnamed(_) => {
            let positions = 0..fields.len();
            quote!(Self::#name(#(#travels(error.args().get(#positions))?),*))
        }
        Fields::Named(_) => {
            let (names, keys) = names(fields);
            quote!(Self::#name { #(#names: #travels(error.kwarg_value(#keys))?),* })
        }
    };
    quote!(#uri => ::core::option::Option::Some(#made))
}

/// Names for the fields that can't get in the way of anything.
fn values(fields: &Fields) -> Vec<Ident> {
    (0..fields.len()).map(|index| format_ident!("field_{index}")).collect()
}

/// The fields' names, and the keywords they travel under.
fn names(fields: &Fields) -> (Vec<&Ident>, Vec<String>) {
    let names = fields.iter().filter_map(|field| field.ident.as_ref());
    names.map(|name| (name, name.to_string().trim_start_matches("r#").to_owned())).unzip()
}
