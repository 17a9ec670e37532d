//! How a handler takes its arguments from a message.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use super::member::Member;

/// Code in two parts, and the names of the arguments after the second.
pub(super) struct Taken {
    /// What is found out before there is a message: `needs`.
    pub(super) before: TokenStream,
    /// What takes the arguments from `source`.
    pub(super) within: TokenStream,
    pub(super) arguments: Vec<Ident>,
}

pub(super) fn taken(member: &Member, named: bool) -> Taken {
    let arguments: Vec<Ident> = (0..member.arguments.len()).map(|index| format_ident!("argument_{index}")).collect();
    let (mut before, mut within) = (quote!(let mut needs = __private::Needs::default();), TokenStream::new());
    for (index, (argument, name)) in member.arguments.iter().zip(&arguments).enumerate() {
        let ty = &argument.ty;
        if argument.extracted {
            let parameter = format_ident!("parameter_{index}");
            let made = quote_spanned!(ty.span()=> __private::extracted::<#ty, _>());
            before.extend(quote! {
                let #parameter = #made;
                #parameter.needs(&mut needs);
            });
            within.extend(quote!(let #name = #parameter.take(source)?;));
        } else if named {
            let keyword = argument.keyword();
            let take = quote_spanned!(ty.span()=> <#ty as __private::Travels>::take_named);
            within.extend(quote!(let #name = #take(source, #keyword)?;));
        } else {
            let take = quote_spanned!(ty.span()=> <#ty as __private::Travels>::take);
            within.extend(quote!(let #name = #take(source)?;));
        }
    }
    Taken { before, within, arguments }
}
