//! What the compiler says to a mistake: one mistake a file, and the whole message beside it.

#[test]
fn mistakes_are_explained_where_they_are_made() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    cases.compile_fail("tests/ui/derive_error/*.rs");
    cases.compile_fail("tests/ui/component/*.rs");
    cases.compile_fail("tests/ui/interface/*.rs");
    cases.pass("tests/ui/pass/*.rs");
}
