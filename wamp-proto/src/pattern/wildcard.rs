use std::collections::HashMap;

use super::index;

/// Wildcard patterns as a tree of their components.
#[derive(Debug, Clone)]
pub(super) struct WildcardTree<T> {
    root: Node<T>,
    len: usize,
}

#[derive(Debug, Clone)]
struct Node<T> {
    /// The pattern that ends here.
    value: Option<T>,
    children: HashMap<Box<str>, Node<T>, ahash::RandomState>,
    /// What follows an empty component, which any component matches.
    any: Option<Box<Node<T>>>,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self { value: None, children: HashMap::default(), any: None }
    }
}

impl<T> Node<T> {
    fn is_empty(&self) -> bool {
        self.value.is_none() && self.children.is_empty() && self.any.is_none()
    }

    fn child(&self, component: &str) -> Option<&Self> {
        if component.is_empty() { self.any.as_deref() } else { self.children.get(component) }
    }

    fn child_mut(&mut self, component: &str) -> Option<&mut Self> {
        if component.is_empty() { self.any.as_deref_mut() } else { self.children.get_mut(component) }
    }
}

impl<T> Default for WildcardTree<T> {
    fn default() -> Self {
        Self { root: Node::default(), len: 0 }
    }
}

impl<T> WildcardTree<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, pattern: &str) -> Option<&T> {
        let mut node = &self.root;
        for component in pattern.split('.') {
            node = node.child(component)?;
        }
        node.value.as_ref()
    }

    pub(super) fn get_mut(&mut self, pattern: &str) -> Option<&mut T> {
        let mut node = &mut self.root;
        for component in pattern.split('.') {
            node = node.child_mut(component)?;
        }
        node.value.as_mut()
    }

    pub(super) fn insert(&mut self, pattern: &str, value: T) -> Option<T> {
        let mut node = &mut self.root;
        for component in pattern.split('.') {
            node = match component {
                "" => node.any.get_or_insert_default(),
                component => node.children.entry(component.into()).or_default(),
            };
        }
        let old = node.value.replace(value);
        self.len += usize::from(old.is_none());
        old
    }

    pub(super) fn remove(&mut self, pattern: &str) -> Option<T> {
        let old = remove_below(&mut self.root, pattern.split('.'));
        self.len -= usize::from(old.is_some());
        old
    }

    /// The values of all patterns that match.
    ///
    /// At each component the pattern that names it goes before the one that leaves it open: that is the order in
    /// which the longer portion before the first wildcard wins, then the longer portion before the next, and so on.
    pub(super) fn matches(&self, uri: &str) -> impl Iterator<Item = &T> {
        // What is to be visited next, and what after that, the next on top; `None` is a URI that has been used up.
        let mut next = (self.len > 0).then_some((&self.root, Some(uri)));
        let mut pending = Vec::new();
        std::iter::from_fn(move || {
            loop {
                let (node, rest) = next.take().or_else(|| pending.pop())?;
                let Some(rest) = rest else {
                    if let Some(value) = &node.value {
                        return Some(value);
                    }
                    continue;
                };
                let (component, rest) = match memchr::memchr(b'.', rest.as_bytes()) {
                    Some(end) => (&rest[..end], Some(&rest[end + 1..])),
                    None => (rest, None),
                };
                let any = node.any.as_deref().map(|any| (any, rest));
                match node.children.get(component) {
                    Some(child) => {
                        next = Some((child, rest));
                        pending.extend(any);
                    }
                    None => next = any,
                }
            }
        })
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        let mut pending = vec![&self.root];
        std::iter::from_fn(move || {
            while let Some(node) = pending.pop() {
                pending.extend(node.children.values());
                pending.extend(node.any.as_deref());
                if let Some(value) = &node.value {
                    return Some(value);
                }
            }
            None
        })
    }
}

/// Removes the pattern whose remaining components are given, and the nodes that only it needed.
fn remove_below<'p, T>(node: &mut Node<T>, mut components: impl Iterator<Item = &'p str>) -> Option<T> {
    let Some(component) = components.next() else {
        return node.value.take();
    };
    let child = node.child_mut(component)?;
    let old = remove_below(child, components)?;
    if child.is_empty() {
        match component {
            "" => node.any = None,
            component => drop(index::remove(&mut node.children, component)),
        }
    }
    Some(old)
}
