//! The side that is told: handlers of the topics, to be mounted.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::member::Member;
use super::model::Interface;
use super::render::{Parameters, uri};
use super::take::{Taken, taken};
use crate::render::{attached, source};

pub(super) fn subscriber(interface: &Interface) -> TokenStream {
    let (visibility, trait_name) = (&interface.item.vis, &interface.item.ident);
    let name = format_ident!("{trait_name}Subscriber");
    let Parameters { fields, arguments, doc } = Parameters::of(&interface.topics);
    let topics = interface.topics.iter().map(|topic| self::topic(interface, topic));
    let about = format!("Handlers of the topics of [`{trait_name}`], to be given to `App::mount`.");
    let about_new = format!("None so far.{doc}");
    quote! {
        #[doc = #about]
        #[must_use = "handlers do nothing until they are mounted"]
        #[allow(dead_code)]
        #visibility struct #name {
            handlers: ::std::vec::Vec<::wamp_client::Definition>,
            #(#fields: ::std::string::String,)*
        }

        #[allow(dead_code, unreachable_pub, clippy::new_without_default, clippy::too_many_arguments)]
        impl #name {
            #[doc = #about_new]
            pub fn new(#(#arguments: impl ::core::convert::Into<::std::string::String>),*) -> Self {
                Self {
                    handlers: ::std::vec::Vec::new(),
                    #(#fields: ::core::convert::Into::into(#arguments),)*
                }
            }

            #(#topics)*
        }

        impl ::core::iter::IntoIterator for #name {
            type Item = ::wamp_client::Definition;
            type IntoIter = ::std::vec::IntoIter<::wamp_client::Definition>;

            fn into_iter(self) -> Self::IntoIter {
                self.handlers.into_iter()
            }
        }

        impl ::core::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(::core::stringify!(#name)).field("handlers", &self.handlers).finish_non_exhaustive()
            }
        }
    }
}

/// The methods that make a handler of a topic.
fn topic(interface: &Interface, topic: &Member) -> TokenStream {
    let Member { attributes, function, doc, .. } = topic;
    let name = &topic.name;
    let (on, handle) = (format_ident!("on_{name}"), format_ident!("handler_of_{name}"));
    let Taken { before, within, arguments } = taken(topic, interface.named);
    let (generics, bounds) = handler_bounds(topic);
    let attached = attached(attributes, Some(&quote!(uri)));
    let path = format!("{}::{name}", interface.item.ident);
    let source = source(&function.sig, doc, &quote!(#path), interface.named);
    let uri = uri(&topic.uri);
    let about = format!("Handles the events of `{}`.", topic.uri.value());
    let conditions: Vec<_> = topic.conditions().collect();
    quote! {
        #[doc = #about]
        #(#conditions)*
        pub fn #on<#generics>(mut self, handler: Handler) -> Self where #bounds {
            let handler = Self::#handle(#uri, handler);
            self.handlers.push(::core::convert::Into::into(handler));
            self
        }

        #(#conditions)*
        fn #handle<#generics>(uri: ::std::string::String, handler: Handler) -> ::wamp_client::TopicHandler
        where
            #bounds
        {
            use ::wamp_client::__private;

            #before
            let returned = __private::returned::<Returned, Marker>();
            let assembled = __private::Assembled::new(needs, move |source: &mut __private::Arguments<'_>| {
                #within
                let running = handler(#(#arguments),*);
                ::core::result::Result::Ok(returned.of(running, source.recipient()))
            });
            #attached.of_source(#source)
        }
    }
}

/// The generic parameters of a method that takes a handler of the topic, and what they have to be.
pub(super) fn handler_bounds(topic: &Member) -> (TokenStream, TokenStream) {
    let types = topic.arguments.iter().map(|argument| &argument.ty);
    let generics = quote!(Handler, Running, Returned, Marker);
    let bounds = quote! {
        Handler: ::core::ops::Fn(#(#types),*) -> Running + ::core::marker::Send + ::core::marker::Sync + 'static,
        Running: ::core::future::Future<Output = Returned> + ::core::marker::Send + 'static,
        Returned: ::wamp_client::Output<Marker> + 'static,
    };
    (generics, bounds)
}
