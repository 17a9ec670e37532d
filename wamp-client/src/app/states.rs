//! What the handlers share, by type.

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::sync::Arc;

use crate::{Error, Result};

/// One value of each type. They are few: looking at each is faster than a map.
#[derive(Default)]
pub(crate) struct States(Vec<(TypeId, Arc<dyn Any + Send + Sync>)>);

impl States {
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, state: Arc<T>) {
        self.0.retain(|(id, _)| *id != TypeId::of::<T>());
        self.0.push((TypeId::of::<T>(), state));
    }

    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let (_, state) = self.0.iter().find(|(id, _)| *id == TypeId::of::<T>())?;
        Arc::clone(state).downcast().ok()
    }

    /// Refuses what `handler` needs and is not here.
    pub(crate) fn check(&self, handler: &str, needs: &Needs) -> Result<()> {
        match needs.states.iter().find(|(id, _)| !self.0.iter().any(|(known, _)| known == id)) {
            Some(&(_, state)) => Err(Error::MissingState { handler: handler.to_owned(), state }),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "States({})", self.0.len())
    }
}

/// What a handler needs of the App. Gathered before the first connection, so that a program which lacks something
/// says so when it starts and not when the first message comes.
#[derive(Debug, Default)]
pub struct Needs {
    states: Vec<(TypeId, &'static str)>,
}

impl Needs {
    pub(crate) fn state<T: 'static>(&mut self) {
        self.states.push((TypeId::of::<T>(), type_name::<T>()));
    }
}
