//! The side that is called: an implementation of the trait, to be mounted.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use super::member::Member;
use super::model::Interface;
use super::render::{Parameters, ours, uri};
use super::take::{Taken, taken};
use crate::render::{definition, source};
use crate::uri;

pub(super) fn callee(interface: &Interface) -> TokenStream {
    let (visibility, trait_name) = (&interface.item.vis, &interface.item.ident);
    let name = format_ident!("{trait_name}Callee");
    let Parameters { fields, arguments, doc } = Parameters::of(&interface.procedures);
    let topics = interface.topics.iter().filter_map(|topic| self::topic(interface, topic, &arguments));
    let definitions = interface.procedures.iter().map(|procedure| self::procedure(interface, procedure));
    let implementation = ours("implementation");
    let about = format!("Offers the procedures of a [`{trait_name}`], to be given to `App::mount`.");
    let about_new = format!("The procedures of this implementation, or of an `Arc` with it.{doc}");
    quote! {
        #[doc = #about]
        #[must_use = "an implementation does nothing until it is mounted"]
        #[allow(dead_code)]
        #visibility struct #name<Implementation> {
            implementation: ::std::sync::Arc<Implementation>,
            #(#fields: ::std::string::String,)*
        }

        #[allow(dead_code, unreachable_pub, clippy::too_many_arguments)]
        impl<Implementation: #trait_name> #name<Implementation> {
            #[doc = #about_new]
            pub fn new(
                #implementation: Implementation,
                #(#arguments: impl ::core::convert::Into<::std::string::String>,)*
            ) -> Self {
                Self {
                    implementation: ::std::sync::Arc::new(#implementation),
                    #(#fields: ::core::convert::Into::into(#arguments),)*
                }
            }
        }

        impl<Implementation: #trait_name> ::core::iter::IntoIterator for #name<Implementation> {
            type Item = ::wamp_client::Definition;
            type IntoIter = ::std::vec::IntoIter<::wamp_client::Definition>;

            fn into_iter(self) -> Self::IntoIter {
                use ::wamp_client::__private;

                let mut definitions = ::std::vec::Vec::new();
                #(#definitions)*
                // The callee is who publishes: it tells of the topics too, with one of its procedures.
                if let ::core::option::Option::Some(last) = definitions.pop() {
                    definitions.push(last #(#topics)*);
                }
                definitions.into_iter()
            }
        }

        impl<Implementation> ::core::fmt::Debug for #name<Implementation> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(::core::stringify!(#name)).finish_non_exhaustive()
            }
        }
    }
}

/// Attaches the method of the implementation.
fn procedure(interface: &Interface, procedure: &Member) -> TokenStream {
    let Member { name, attributes, output, function, doc, .. } = procedure;
    let trait_name = &interface.item.ident;
    let Taken { before, within, arguments } = taken(procedure, interface.named);
    let value = &output.value;
    let encode = quote_spanned!(value.span()=> <#value as __private::Travels>::into_outcome);
    let outcome = match &output.error {
        Some(error) => {
            let to_wamp = quote_spanned!(error.span()=> <#error as ::wamp_client::TypedError>::to_wamp);
            quote! {
                match returned {
                    ::core::result::Result::Ok(value) => #encode(value, serializer),
                    ::core::result::Result::Err(error) => ::core::result::Result::Err(#to_wamp(&error)),
                }
            }
        }
        None => quote!(#encode(returned, serializer)),
    };
    let uri = uri(&procedure.uri);
    let define = definition(attributes, Some(&uri));
    let path = format!("{trait_name}::{name}");
    let source = source(&function.sig, doc, &quote!(#path), interface.named);
    let sent = procedure.arguments.iter().map(|argument| !argument.extracted);
    let errors = output.error.as_ref().map(|error| {
        let uris = quote_spanned!(error.span()=> <#error as ::wamp_client::TypedError>::URIS);
        quote!(.with_errors(#uris))
    });
    let conditions = procedure.conditions();
    quote! {
        #(#conditions)*
        {
            let implementation = ::std::sync::Arc::clone(&self.implementation);
            #before
            let assembled = __private::Assembled::new(needs, move |source: &mut __private::Arguments<'_>| {
                #within
                let (serializer, implementation) = (source.serializer(), ::std::sync::Arc::clone(&implementation));
                let running: __private::BoxFuture<__private::Outcome> = ::std::boxed::Box::pin(async move {
                    let returned = <Implementation as #trait_name>::#name(&*implementation #(, #arguments)*).await;
                    #outcome
                });
                ::core::result::Result::Ok(running)
            });
            definitions.push(#define.of_method(#source, &[#(#sent),*])#errors);
        }
    }
}

/// What is told of a topic. One with parameters that the procedures do not have is unknown to the callee.
fn topic(interface: &Interface, topic: &Member, known: &[Ident]) -> Option<TokenStream> {
    let (_, parameters) = uri::parameters(&topic.uri.value());
    if topic.conditions().next().is_some() || !parameters.iter().all(|name| known.iter().any(|known| known == name)) {
        return None;
    }
    let uri = uri(&topic.uri);
    let path = format!("{}::{}", interface.item.ident, topic.name);
    let source = source(&topic.function.sig, &topic.doc, &quote!(#path), interface.named);
    let sent = topic.arguments.iter().map(|argument| !argument.extracted);
    Some(quote!(.with_topic(#uri, #source, &[#(#sent),*])))
}
