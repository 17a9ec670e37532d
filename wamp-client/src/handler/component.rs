//! Values whose methods are handlers.

use std::sync::Arc;

use super::Definition;
use crate::App;

/// A value whose methods are handlers, by [`#[component]`](macro@crate::component).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a component",
    label = "its methods are not handlers",
    note = "write `#[component]` before its `impl` block, and `#[register(\"…\")]` or `#[subscribe(\"…\")]` on methods in it",
    note = "annotated functions are attached with `.mount(handlers![…])`"
)]
pub trait Component: Send + Sync + 'static {
    /// Its handlers, to be mounted.
    fn definitions(self: Arc<Self>) -> Vec<Definition>;
}

/// For a component that the program itself holds too.
impl<C: Component> Component for Arc<C> {
    fn definitions(self: Arc<Self>) -> Vec<Definition> {
        Arc::clone(&*self).definitions()
    }
}

impl App {
    /// Attaches the methods of a value, or of an `Arc` with it that the program holds too.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use wamp_client::{App, component};
    ///
    /// struct Greeter {
    ///     greeting: String,
    /// }
    ///
    /// #[component]
    /// impl Greeter {
    ///     #[register("com.example.greet")]
    ///     async fn greet(&self, name: String) -> String {
    ///         format!("{} {name}", self.greeting)
    ///     }
    /// }
    ///
    /// let greeter = Arc::new(Greeter { greeting: "Hello".to_owned() });
    /// let app = App::new("ws://localhost:8080/ws").component(Arc::clone(&greeter));
    /// ```
    pub fn component(self, component: impl Component) -> Self {
        self.mount(Arc::new(component).definitions())
    }
}
