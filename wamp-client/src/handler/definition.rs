//! What is mounted on an App.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

use super::declaration::Declaration;
use super::{AssembledHook, Attach, BoxFuture, Handling, Hook, ProcedureHandler, SessionContext, TopicHandler};
use crate::WampError;
use crate::app::Needs;

/// The names of a handler's parameters, for error messages.
pub(crate) type Names = &'static [&'static str];

/// What only the source code tells of a handler.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// Where it is.
    pub path: &'static str,
    /// The names of its parameters.
    pub names: Names,
    /// Their types, as written.
    pub types: Names,
    /// The type it returns, as written; empty for nothing.
    pub returns: &'static str,
    /// Whether its arguments are sent by keyword.
    pub by_keyword: bool,
    /// Its documentation comment.
    pub doc: &'static str,
}

/// A handler whose type is forgotten.
pub(crate) type BoxHandler = Arc<dyn Handling>;

/// A hook whose type is forgotten.
pub(crate) type BoxHook = Arc<dyn Fn(SessionContext) -> BoxFuture<Result<(), WampError>> + Send + Sync>;

/// A function that runs when a session begins or ends.
pub(crate) struct HookDefinition {
    pub(crate) hook: BoxHook,
    pub(crate) needs: Needs,
}

impl HookDefinition {
    pub(crate) fn new<M, H: Hook<M>>(hook: H) -> Self {
        let mut needs = Needs::default();
        H::needs(&mut needs);
        Self { hook: Arc::new(move |context| hook.run(context)), needs }
    }
}

/// Anything that [`App::mount`](crate::App::mount) takes: what [`handlers!`](crate::handlers) makes of annotated
/// functions, a [`TopicHandler`] or a [`ProcedureHandler`].
#[must_use = "a handler does nothing until it is mounted"]
pub struct Definition {
    pub(crate) kind: DefinitionKind,
    /// The function's path, where it is known.
    pub(crate) path: Option<&'static str>,
    /// Stands for the function: its companion's type.
    pub(crate) identity: Option<TypeId>,
}

pub(crate) enum DefinitionKind {
    Topic(TopicHandler),
    Procedure(ProcedureHandler),
    OnJoin(HookDefinition),
    OnLeave(HookDefinition),
}

impl Definition {
    pub(crate) fn on_join<M, H: Hook<M>>(hook: H) -> Self {
        Self { kind: DefinitionKind::OnJoin(HookDefinition::new(hook)), path: None, identity: None }
    }

    pub(crate) fn on_leave<M, H: Hook<M>>(hook: H) -> Self {
        Self { kind: DefinitionKind::OnLeave(HookDefinition::new(hook)), path: None, identity: None }
    }

    #[doc(hidden)]
    pub fn on_join_assembled(AssembledHook { hook, needs }: AssembledHook) -> Self {
        Self { kind: DefinitionKind::OnJoin(HookDefinition { hook, needs }), path: None, identity: None }
    }

    #[doc(hidden)]
    pub fn on_leave_assembled(AssembledHook { hook, needs }: AssembledHook) -> Self {
        Self { kind: DefinitionKind::OnLeave(HookDefinition { hook, needs }), path: None, identity: None }
    }

    /// Adds what the source code tells of a function, which is attached once.
    #[doc(hidden)]
    pub fn of_function<Companion: 'static>(mut self, source: Source, sent: &[bool]) -> Self {
        self.identity = Some(TypeId::of::<Companion>());
        self.of_method(source, sent)
    }

    /// Adds what the source code tells of a method, which is attached with each value that has it. `sent` says of each
    /// parameter whether it is sent.
    #[doc(hidden)]
    pub fn of_method(mut self, source: Source, sent: &[bool]) -> Self {
        self.path = Some(source.path);
        match &mut self.kind {
            DefinitionKind::Topic(handler) => handler.attachment.names = source.names,
            DefinitionKind::Procedure(handler) => {
                handler.attachment.names = source.names;
                handler.declarations.push(Declaration::procedure(source, sent));
            }
            DefinitionKind::OnJoin(_) | DefinitionKind::OnLeave(_) => {}
        }
        self
    }

    /// Adds what the source code tells of a topic that the program publishes to.
    #[doc(hidden)]
    pub fn with_topic(mut self, uri: String, source: Source, sent: &[bool]) -> Self {
        if let DefinitionKind::Procedure(handler) = &mut self.kind {
            handler.declarations.push(Declaration::topic(uri, source, sent));
        }
        self
    }

    /// Adds the errors that a procedure fails with.
    #[doc(hidden)]
    pub fn with_errors(mut self, uris: &[(&'static str, &'static str)]) -> Self {
        if let DefinitionKind::Procedure(handler) = &mut self.kind {
            handler.declarations.extend(uris.iter().map(|(uri, doc)| Declaration::error(uri, doc)));
        }
        self
    }

    /// Forgets what others could be told.
    pub(crate) fn withhold(&mut self) {
        if let DefinitionKind::Procedure(handler) = &mut self.kind {
            handler.declarations.clear();
        }
    }

    /// What the definition is called in messages.
    pub(crate) fn label(&self) -> String {
        if let Some(path) = self.path {
            return path.to_owned();
        }
        match &self.kind {
            DefinitionKind::Topic(handler) => handler.label(),
            DefinitionKind::Procedure(handler) => handler.label(),
            DefinitionKind::OnJoin(_) => "the on_join function".to_owned(),
            DefinitionKind::OnLeave(_) => "the on_leave function".to_owned(),
        }
    }

    pub(crate) fn needs(&self) -> &Needs {
        match &self.kind {
            DefinitionKind::Topic(handler) => &handler.needs,
            DefinitionKind::Procedure(handler) => &handler.needs,
            DefinitionKind::OnJoin(hook) | DefinitionKind::OnLeave(hook) => &hook.needs,
        }
    }
}

/// What [`App::mount`](crate::App::mount) takes: anything that can be iterated over and holds [`Definition`]s, or what
/// becomes one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be mounted",
    label = "holds no handlers",
    note = "annotated functions are mounted with `.mount(handlers![f, g])`",
    note = "a value whose methods are handlers, by `#[component]`, is attached with `.component(value)`",
    note = "an implementation of an `#[interface]`, say `Calculator`, is mounted with \
            `.mount(CalculatorCallee::new(value))`"
)]
pub trait Mount {
    /// The handlers.
    #[doc(hidden)]
    fn definitions(self) -> Vec<Definition>;
}

#[diagnostic::do_not_recommend]
impl<I: IntoIterator<Item: Into<Definition>>> Mount for I {
    fn definitions(self) -> Vec<Definition> {
        self.into_iter().map(Into::into).collect()
    }
}

impl From<TopicHandler> for Definition {
    fn from(handler: TopicHandler) -> Self {
        Self { kind: DefinitionKind::Topic(handler), path: None, identity: None }
    }
}

impl From<ProcedureHandler> for Definition {
    fn from(handler: ProcedureHandler) -> Self {
        Self { kind: DefinitionKind::Procedure(handler), path: None, identity: None }
    }
}

impl fmt::Debug for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Definition").field(&self.label()).finish()
    }
}
