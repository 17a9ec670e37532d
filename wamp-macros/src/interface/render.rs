//! The trait as it is implemented, and the ends of the interface.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Ident, LitStr, ReturnType};

use super::member::Member;
use super::model::Interface;
use super::{callee, client, subscriber};
use crate::uri;

/// The trait, and its ends.
pub(super) fn interface(interface: &Interface) -> TokenStream {
    let implemented = implemented(interface);
    let client = client::client(interface);
    let callee = (!interface.procedures.is_empty()).then(|| callee::callee(interface));
    let subscriber = (!interface.topics.is_empty()).then(|| subscriber::subscriber(interface));
    quote! { #implemented #client #callee #subscriber }
}

/// The trait, whose functions give futures that can be sent to other threads, and its implementation for `Arc`.
fn implemented(interface: &Interface) -> TokenStream {
    let item = &interface.item;
    let (attributes, visibility, name) = (&item.attrs, &item.vis, &item.ident);
    let signatures = interface.procedures.iter().map(|procedure| {
        let mut signature = procedure.function.sig.clone();
        let output = match &signature.output {
            ReturnType::Default => quote!(()),
            ReturnType::Type(_, ty) => quote!(#ty),
        };
        signature.asyncness = None;
        signature.output = syn::parse_quote!(-> impl ::core::future::Future<Output = #output> + ::core::marker::Send);
        signature
    });
    let signatures: Vec<_> = signatures.collect();
    let attributes_of: Vec<_> = interface.procedures.iter().map(|procedure| &procedure.function.attrs).collect();
    let conditions = interface.procedures.iter().map(Member::conditions);
    let names: Vec<_> = interface.procedures.iter().map(|procedure| &procedure.name).collect();
    let arguments = interface.procedures.iter().map(|procedure| {
        let arguments = procedure.arguments.iter().map(|argument| &argument.name);
        quote!(#(, #arguments)*)
    });
    let shared = (!interface.procedures.is_empty()).then(|| {
        let conditions = conditions.map(|conditions| quote!(#(#conditions)*));
        quote! {
            impl<Implementation: #name> #name for ::std::sync::Arc<Implementation> {
                #(
                    #conditions
                    #signatures {
                        <Implementation as #name>::#names(&**self #arguments)
                    }
                )*
            }
        }
    });
    quote! {
        #(#attributes)*
        #[allow(dead_code)]
        #visibility trait #name: ::core::marker::Send + ::core::marker::Sync + 'static {
            #(#(#attributes_of)* #signatures;)*
        }

        #shared
    }
}

/// A name of ours, which an argument or parameter of that name does not hide.
pub(super) fn ours(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// The parameters of the URIs: as fields, as arguments of `new`, and from one to the other.
pub(super) struct Parameters {
    pub(super) fields: Vec<Ident>,
    pub(super) arguments: Vec<Ident>,
    /// What `new` says of them.
    pub(super) doc: String,
}

impl Parameters {
    /// Those of these members, each once, in the order they come.
    pub(super) fn of<'a>(members: impl IntoIterator<Item = &'a Member>) -> Self {
        let mut names: Vec<String> = Vec::new();
        for name in members.into_iter().flat_map(|member| uri::parameters(&member.uri.value()).1) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let list: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let doc = match list.len() {
            0 => String::new(),
            _ => format!(" {} {} put into its URIs.", list.join(", "), if list.len() == 1 { "is" } else { "are" }),
        };
        Self {
            fields: names.iter().map(|name| format_ident!("uri_{name}")).collect(),
            arguments: names.iter().map(|name| format_ident!("{name}")).collect(),
            doc,
        }
    }
}

/// The URI, with the parameters in it.
pub(super) fn uri(literal: &LitStr) -> TokenStream {
    let (format, names) = uri::parameters(&literal.value());
    if names.is_empty() {
        return quote!(::std::string::String::from(#literal));
    }
    let fields = names.iter().map(|name| format_ident!("uri_{name}"));
    quote!(::std::format!(#format #(, self.#fields)*))
}
