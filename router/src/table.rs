//! Tables that hold very much at times.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

/// Removes an entry. The table does not keep the room of all it has ever held: it is halved when a quarter of it is in
/// use, so that each removal pays for a few moves at most.
pub(crate) fn remove<K, V, S, Q>(table: &mut HashMap<K, V, S>, key: &Q) -> Option<V>
where
    K: Borrow<Q> + Eq + Hash,
    S: BuildHasher,
    Q: Eq + Hash + ?Sized,
{
    let removed = table.remove(key)?;
    if table.len() < table.capacity() / 4 {
        table.shrink_to(2 * table.len());
    }
    Some(removed)
}

/// Gives back the room of a list that has become much shorter.
pub(crate) fn shrink<T>(list: &mut Vec<T>) {
    if list.len() < list.capacity() / 4 {
        list.shrink_to(2 * list.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_back_as_a_table_empties() {
        let mut table: HashMap<u32, u32> = (0..10_000).map(|number| (number, number)).collect();
        let mut list: Vec<u32> = (0..10_000).collect();
        for number in 0..9_990 {
            assert_eq!(remove(&mut table, &number), Some(number));
            list.pop();
            shrink(&mut list);
        }
        assert_eq!(remove(&mut table, &1), None);
        assert_eq!(table.len(), 10);
        assert!((9_990..10_000).all(|number| table[&number] == number));
        assert!(table.capacity() < 100, "{}", table.capacity());
        assert_eq!(list, (0..10).collect::<Vec<_>>());
        assert!(list.capacity() < 100, "{}", list.capacity());
    }
}
