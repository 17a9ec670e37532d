//! What the handlers share, by type.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::{Error, Result};

/// One value of each type.
#[derive(Default)]
pub(crate) struct States(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl States {
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, state: Arc<T>) {
        self.0.insert(TypeId::of::<T>(), state);
    }

    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let state = Arc::clone(self.0.get(&TypeId::of::<T>())?);
        state.downcast().ok()
    }

    /// Refuses what `handler` needs and is not here.
    pub(crate) fn check(&self, handler: &str, needs: &Needs) -> Result<()> {
        match needs.states.iter().find(|(id, _)| !self.0.contains_key(id)) {
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
