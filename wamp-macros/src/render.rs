//! The code a macro adds: a type of the function's name, and its entry in the list that `.discover()` reads.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::attributes::{Attributes, Kind};
use crate::model::Function;

/// The function as it was, and its companion.
pub(crate) fn handler(attributes: &Attributes, function: &Function) -> TokenStream {
    let name = &function.item.sig.ident;
    let names = function.parameters.iter().map(|parameter| &parameter.name);
    let attach = match attributes {
        Attributes::Subscribe { uri, matching, get_retained } => quote! {
            ::wamp_client::__private::Definition::from(
                ::wamp_client::TopicHandler::new(#uri, #name)
                    .matching(::wamp_client::MatchPolicy::#matching)
                    .get_retained(#get_retained)
            )
        },
        Attributes::Register { uri, matching, invoke } => quote! {
            ::wamp_client::__private::Definition::from(
                ::wamp_client::ProcedureHandler::new(#uri, #name)
                    .matching(::wamp_client::MatchPolicy::#matching)
                    .invoke(::wamp_client::InvocationPolicy::#invoke)
            )
        },
        Attributes::OnJoin => quote!(::wamp_client::__private::Definition::on_join(#name)),
        Attributes::OnLeave => quote!(::wamp_client::__private::Definition::on_leave(#name)),
    };
    let checks = checks(function);
    companion(
        function,
        &quote! {
            #checks
            #attach.named(
                ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)),
                &[#(#names),*],
            )
        },
    )
}

/// The function as it was, with a companion that only keeps its uses from being errors too.
pub(crate) fn placeholder(function: &Function) -> TokenStream {
    companion(function, &quote!(::core::unreachable!()))
}

fn companion(function: &Function, definition: &TokenStream) -> TokenStream {
    let Function { item, .. } = function;
    let (name, visibility) = (&item.sig.ident, &item.vis);
    quote! {
        #item

        #[doc(hidden)]
        #[allow(non_camel_case_types, missing_debug_implementations, unreachable_pub)]
        // The braces leave the name free in the namespace of values, where the function has it.
        #visibility struct #name {}

        impl ::wamp_client::__private::Annotated for #name {
            fn definition() -> ::wamp_client::__private::Definition {
                #definition
            }
        }

        ::wamp_client::__private::inventory::submit! {
            ::wamp_client::__private::Discovered::new(<#name as ::wamp_client::__private::Annotated>::definition)
        }
    }
}

/// Assertions that put a type error on the type in question instead of on the whole function.
fn checks(function: &Function) -> TokenStream {
    let parameters = function.parameters.iter().map(|parameter| {
        let ty = &parameter.ty;
        match function.kind() {
            Kind::Subscribe | Kind::Register => {
                quote_spanned!(ty.span()=> ::wamp_client::__private::argument::<#ty, _>();)
            }
            Kind::OnJoin | Kind::OnLeave => {
                quote_spanned!(ty.span()=> ::wamp_client::__private::session_argument::<#ty>();)
            }
        }
    });
    let output = function.output().map(|ty| quote_spanned!(ty.span()=> ::wamp_client::__private::output::<#ty, _>();));
    quote!(#(#parameters)* #output)
}
