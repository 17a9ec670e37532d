//! The authorizer of a realm, which can be replaced while it is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;

use super::Authorizer;

/// The authorizer that holds. As long as it is the first one, to find it costs a plain read.
#[derive(Debug)]
pub(in crate::realm) struct Current {
    first: Arc<dyn Authorizer>,
    is_replaced: AtomicBool,
    later: ArcSwapOption<Arc<dyn Authorizer>>,
}

impl Current {
    pub(in crate::realm) fn new(first: Arc<dyn Authorizer>) -> Self {
        Self { first, is_replaced: AtomicBool::new(false), later: ArcSwapOption::empty() }
    }

    /// Asks it something.
    #[inline]
    pub(in crate::realm) fn with<T>(&self, what: impl FnOnce(&dyn Authorizer) -> T) -> T {
        if !self.is_replaced.load(Ordering::Acquire) {
            return what(&*self.first);
        }
        self.with_later(what)
    }

    /// Out of the way of those whose realm has its first one.
    #[inline(never)]
    fn with_later<T>(&self, what: impl FnOnce(&dyn Authorizer) -> T) -> T {
        match &*self.later.load() {
            Some(later) => what(&***later),
            None => what(&*self.first),
        }
    }

    pub(in crate::realm) fn replace(&self, authorizer: Arc<dyn Authorizer>) {
        let before = self.later.swap(Some(Arc::new(authorizer)));
        self.is_replaced.store(true, Ordering::Release);
        match before {
            Some(before) => before.retire(),
            None => self.first.retire(),
        }
    }
}
