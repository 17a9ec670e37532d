//! Documentation comments, as text.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The documentation among an item's attributes, without the margin that comments have.
pub(crate) fn of(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<String> = lines.flat_map(|text| text.split('\n').map(margin).collect::<Vec<_>>()).collect();
    lines.join("\n").trim().to_owned()
}

fn margin(line: &str) -> String {
    line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn the_margin_is_cut_and_paragraphs_stay() {
        let item: syn::ItemFn = parse_quote! {
            /// Adds two numbers.
            ///
            ///     indented
            #[inline]
            fn add() {}
        };
        assert_eq!(of(&item.attrs), "Adds two numbers.\n\n    indented");
    }
}
