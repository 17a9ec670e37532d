//! The code a macro adds: a type of the function's name, and its entry in the list that `.discover()` reads.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, ReturnType, Signature, Type};

use crate::attributes::{Attributes, Delivery, Invoke, Kind, Sharing};
use crate::model::Function;
use crate::{docs, signature};

/// The function as it was, and its companion.
pub(crate) fn handler(attributes: &Attributes, function: &Function) -> TokenStream {
    let Function { item, kind } = function;
    let name = &item.sig.ident;
    let assembled = assembled(*kind, &item.sig, |arguments| quote!(let running = #name(#(#arguments),*);));
    let uri = attributes.uri().map(|uri| quote!(#uri));
    let define = definition(attributes, uri.as_ref());
    let source = source(&item.sig, &docs::of(&item.attrs), &quote!(::core::stringify!(#name)), false);
    let definition = quote! {
        use ::wamp_client::__private;

        #assembled
        #define.of_function::<#name>(#source, sent)
    };
    companion(function, &definition)
}

/// The definition of a handler that was put together, at the URI that `uri` stands for.
pub(crate) fn definition(attributes: &Attributes, uri: Option<&TokenStream>) -> TokenStream {
    match attributes {
        Attributes::Subscribe { .. } | Attributes::Register { .. } => {
            let attached = attached(attributes, uri);
            quote!(__private::Definition::from(#attached))
        }
        Attributes::OnJoin => quote!(__private::Definition::on_join_assembled(assembled)),
        Attributes::OnLeave => quote!(__private::Definition::on_leave_assembled(assembled)),
    }
}

/// The handler that was put together, attached to its topic or procedure.
pub(crate) fn attached(attributes: &Attributes, uri: Option<&TokenStream>) -> TokenStream {
    match attributes {
        Attributes::Subscribe { matching, retained, delivery, .. } => {
            let Delivery { history, concurrency, queue, overflow } = delivery;
            let concurrency = concurrency.map(|events| quote!(.concurrency(#events as usize)));
            let queue = queue.map(|events| quote!(.queue(#events as usize)));
            let overflow = overflow.map(|policy| quote!(.overflow(::wamp_client::Overflow::#policy)));
            quote! {
                ::wamp_client::TopicHandler::assembled(#uri, assembled)
                    .matching(::wamp_client::MatchPolicy::#matching)
                    .get_retained(#retained)
                    .history(#history)
                    #concurrency
                    #queue
                    #overflow
            }
        }
        Attributes::Register { matching, sharing, .. } => {
            let Sharing { invoke, concurrency, force_reregister, disclose_caller, forward_timeout } = sharing;
            let invoke = invoke.unwrap_or(Invoke::Single);
            let concurrency = concurrency.map(|calls| quote!(.concurrency(#calls)));
            quote! {
                ::wamp_client::ProcedureHandler::assembled(#uri, assembled)
                    .matching(::wamp_client::MatchPolicy::#matching)
                    .invoke(::wamp_client::InvocationPolicy::#invoke)
                    #concurrency
                    .force_reregister(#force_reregister)
                    .disclose_caller(#disclose_caller)
                    .forward_timeout(#forward_timeout)
            }
        }
        Attributes::OnJoin | Attributes::OnLeave => TokenStream::new(),
    }
}

/// What only the source code tells of a handler.
pub(crate) fn source(signature: &Signature, doc: &str, name: &TokenStream, by_keyword: bool) -> TokenStream {
    let parameters = signature::parameters(signature);
    let names = parameters.iter().map(|parameter| &parameter.name);
    let types = parameters.iter().map(|parameter| signature::written(&parameter.ty));
    let returns = signature::returned(signature);
    quote! {
        __private::Source {
            path: ::core::concat!(::core::module_path!(), "::", #name),
            names: &[#(#names),*],
            types: &[#(#types),*],
            returns: #returns,
            by_keyword: #by_keyword,
            doc: #doc,
        }
    }
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

/// Puts the handler together, with every type looked at once, at the place where it is written.
///
/// `start` makes the code that calls the function, whose future it names `running`.
pub(crate) fn assembled(kind: Kind, signature: &Signature, start: impl Fn(&[Ident]) -> TokenStream) -> TokenStream {
    let parameters = signature::parameters(signature);
    let (make, assemble, source) = match kind {
        Kind::OnJoin | Kind::OnLeave => {
            (quote!(session_parameter), quote!(AssembledHook), quote!(&__private::SessionContext))
        }
        _ => (quote!(parameter), quote!(Assembled), quote!(&mut __private::Arguments<'_>)),
    };
    let types = parameters.iter().map(|parameter| &parameter.ty);
    let made = types.map(|ty| match kind {
        // Extractors that are about the session need nothing inferred.
        Kind::OnJoin | Kind::OnLeave => quote_spanned!(ty.span()=> __private::#make::<#ty>()),
        _ => quote_spanned!(ty.span()=> __private::#make::<#ty, _>()),
    });
    let arguments: Vec<_> = (0..parameters.len()).map(|index| format_ident!("argument_{index}")).collect();
    let parameters: Vec<_> = (0..parameters.len()).map(|index| format_ident!("parameter_{index}")).collect();
    let returned = match &signature.output {
        ReturnType::Default => quote!(__private::returned::<(), _>()),
        // These can't be named, but follow from the function.
        ReturnType::Type(_, ty) if !can_be_named(ty) => quote!(__private::returned()),
        ReturnType::Type(_, ty) => {
            // By a method, found in one of two places, what is an error and can be encoded too is an error.
            let returned = quote_spanned!(ty.span()=> __private::Named::<#ty>::TYPE.returned());
            quote!({
                #[allow(unused_imports, reason = "that depends on the type")]
                use __private::AnyNamed as _;
                #returned
            })
        }
    };
    let start = start(&arguments);
    // At the function's name is where a future that can't be sent to another thread is complained of.
    let at = Span::call_site().located_at(signature.ident.span());
    let put_together = quote_spanned!(at=> __private::#assemble::new(needs, move |source: #source| {
        #(let #arguments = #parameters.take(source)?;)*
        #start
        ::core::result::Result::Ok(returned.of(running, source.recipient()))
    }));
    quote! {
        let mut needs = __private::Needs::default();
        #(
            let #parameters = #made;
            #parameters.needs(&mut needs);
        )*
        let sent: &[bool] = &[#(#parameters.is_sent()),*];
        let returned = #returned;
        let assembled = #put_together;
    }
}

/// Whether a type can be written elsewhere: `!` can't, and `impl Trait` only where a function returns it.
fn can_be_named(ty: &Type) -> bool {
    fn has_impl(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(ident) => ident == "impl",
            TokenTree::Group(group) => has_impl(group.stream()),
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        })
    }
    !matches!(ty, Type::Never(_)) && !has_impl(ty.to_token_stream())
}
