//! Annotated functions, and how they are found.

use super::Definition;

/// What an annotated function's companion can do.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an annotated function",
    label = "no #[subscribe], #[register], #[on_join] or #[on_leave]",
    note = "attach a function without an attribute with `.subscribe(\"…\", f)` or `.register(\"…\", f)`"
)]
pub trait Annotated {
    fn definition() -> Definition;
}

/// An annotated function in the list that the linker makes of them.
#[doc(hidden)]
#[derive(Debug)]
pub struct Discovered {
    pub(crate) definition: fn() -> Definition,
}

impl Discovered {
    pub const fn new(definition: fn() -> Definition) -> Self {
        Self { definition }
    }
}

inventory::collect!(Discovered);

/// Annotated functions, to be mounted: `handlers![add, on_tick, other_module::on_event]`.
///
/// ```
/// use wamp_client::{App, handlers, register, subscribe};
///
/// #[subscribe("com.example.event")]
/// async fn on_event(text: String) {
///     println!("received {text}");
/// }
///
/// #[register("com.example.add")]
/// async fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// let app = App::new("ws://localhost:8080/ws").realm("realm1").mount(handlers![on_event, add]);
/// ```
#[macro_export]
macro_rules! handlers {
    ($($handler:path),+ $(,)?) => {
        [$(<$handler as $crate::__private::Annotated>::definition()),+]
    };
}
