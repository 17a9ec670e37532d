//! The side that calls the procedures and publishes to the topics.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use super::member::Member;
use super::model::Interface;
use super::render::{Parameters, ours, uri};
use super::subscriber::handler_bounds;

pub(super) fn client(interface: &Interface) -> TokenStream {
    let (visibility, trait_name) = (&interface.item.vis, &interface.item.ident);
    let name = format_ident!("{trait_name}Client");
    let Parameters { fields, arguments, doc } = Parameters::of(interface.procedures.iter().chain(&interface.topics));
    let calls = interface.procedures.iter().map(|procedure| call(procedure, interface.named));
    let publications = interface.topics.iter().map(|topic| publication(topic, interface.named));
    let subscriptions = interface.topics.iter().map(|topic| subscription(topic, trait_name));
    let client = ours("client");
    let about = format!("Calls the procedures of [`{trait_name}`], and publishes and subscribes to its topics.");
    let about_new = format!("One that works in the session of `client`.{doc}");
    quote! {
        #[doc = #about]
        #[derive(Debug, Clone)]
        #[allow(dead_code)]
        #visibility struct #name {
            client: ::wamp_client::Client,
            #(#fields: ::std::string::String,)*
        }

        #[allow(dead_code, unreachable_pub, clippy::too_many_arguments)]
        impl #name {
            #[doc = #about_new]
            pub fn new(
                #client: ::wamp_client::Client,
                #(#arguments: impl ::core::convert::Into<::std::string::String>,)*
            ) -> Self {
                Self { client: #client, #(#fields: ::core::convert::Into::into(#arguments),)* }
            }

            #(#calls)*
            #(#publications)*
            #(#subscriptions)*
        }
    }
}

/// The method that calls a procedure.
fn call(procedure: &Member, named: bool) -> TokenStream {
    let Member { name, output, .. } = procedure;
    let (names, types) = sent(procedure);
    let keywords = keywords(procedure, named);
    let (uri, doc, conditions) = (uri(&procedure.uri), procedure.doc("Calls"), procedure.conditions());
    let call = ours("call");
    let value = &output.value;
    let made = quote_spanned!(value.span()=> <#value as __private::Travels>::call);
    let add = types.iter().map(|ty| quote_spanned!(ty.span()=> <#ty as __private::Travels>::add_to));
    let (returned, typed) = match &output.error {
        Some(error) => {
            let typed = quote_spanned!(error.span()=> <#error as ::wamp_client::TypedError>::of_call);
            (quote!(::wamp_client::TypedCall<#value, #error>), quote!(#typed(#call)))
        }
        None => (quote!(::wamp_client::Call<#value>), quote!(#call)),
    };
    quote! {
        #[doc = #doc]
        #(#conditions)*
        pub fn #name(&self, #(#names: #types),*) -> #returned {
            use ::wamp_client::__private;

            let #call = #made(&self.client, #uri);
            #(let #call = #add(#names, #call, #keywords);)*
            #typed
        }
    }
}

/// The method that publishes to a topic.
fn publication(topic: &Member, named: bool) -> TokenStream {
    let (name, event) = (&topic.name, ours("event"));
    let (names, types) = sent(topic);
    let keywords = keywords(topic, named);
    let (uri, doc, conditions) = (uri(&topic.uri), topic.doc("Publishes to"), topic.conditions());
    let add = types.iter().map(|ty| quote_spanned!(ty.span()=> <#ty as __private::Travels>::publish));
    quote! {
        #[doc = #doc]
        #(#conditions)*
        pub fn #name(&self, #(#names: #types),*) -> ::wamp_client::Publish<::wamp_client::Unacknowledged> {
            use ::wamp_client::__private;

            let #event = self.client.publish(#uri);
            #(let #event = #add(#names, #event, #keywords);)*
            #event
        }
    }
}

/// The method that subscribes to a topic.
fn subscription(topic: &Member, trait_name: &Ident) -> TokenStream {
    let (on, handle) = (format_ident!("on_{}", topic.name), format_ident!("handler_of_{}", topic.name));
    let subscriber = format_ident!("{trait_name}Subscriber");
    let (uri, conditions) = (uri(&topic.uri), topic.conditions());
    let doc = format!("Subscribes to `{}`, until it is unsubscribed.", topic.uri.value());
    let (generics, bounds) = handler_bounds(topic);
    quote! {
        #[doc = #doc]
        #(#conditions)*
        pub fn #on<#generics>(&self, handler: Handler) -> ::wamp_client::Subscribe where #bounds {
            ::wamp_client::__private::subscribe(&self.client, #subscriber::#handle(#uri, handler))
        }
    }
}

/// The names and types of what is sent.
fn sent(member: &Member) -> (Vec<&Ident>, Vec<&syn::Type>) {
    member.sent().map(|argument| (&argument.name, &argument.ty)).unzip()
}

/// What each argument travels under.
fn keywords(member: &Member, named: bool) -> Vec<TokenStream> {
    let keyword = |argument: &super::member::Argument| {
        let keyword = argument.keyword();
        if named { quote!(::core::option::Option::Some(#keyword)) } else { quote!(::core::option::Option::None) }
    };
    member.sent().map(keyword).collect()
}
