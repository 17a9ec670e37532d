//! The README and the guide, compiled as doctests.

macro_rules! chapters {
    ($($name:ident = $file:literal;)*) => {
        $(
            #[doc = include_str!(concat!("../../", $file))]
            mod $name {}
        )*
    };
}

chapters! {
    readme = "README.md";
    first_program = "docs/guide/first-program.md";
    events = "docs/guide/events.md";
    procedures = "docs/guide/procedures.md";
    patterns = "docs/guide/patterns.md";
    errors = "docs/guide/errors.md";
    state = "docs/guide/state.md";
    auth = "docs/guide/auth.md";
    interfaces = "docs/guide/interfaces.md";
    reconnect = "docs/guide/reconnect.md";
    testing = "docs/guide/testing.md";
    deploying = "docs/guide/deploying.md";
    command_line = "docs/guide/command-line.md";
    from_autobahn_python = "docs/guide/from-autobahn-python.md";
    from_autobahn_js = "docs/guide/from-autobahn-js.md";
}
