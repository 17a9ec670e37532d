//! What waits for answers, which mostly come in the order of the requests.

use std::collections::VecDeque;

use wamp_proto::RequestId;

/// Vacant places that are kept, however few others there are.
const VACANT: usize = 64;

/// A map from requests, where what is inserted always has the highest id so far.
#[derive(Debug)]
pub(super) struct InOrder<T> {
    /// By id. The first is not vacant.
    places: VecDeque<(RequestId, Option<T>)>,
    taken: usize,
}

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        Self { places: VecDeque::new(), taken: 0 }
    }
}

impl<T> InOrder<T> {
    pub(super) fn insert(&mut self, request: RequestId, value: T) {
        debug_assert!(self.places.back().is_none_or(|(last, _)| *last < request));
        self.places.push_back((request, Some(value)));
        self.taken += 1;
    }

    pub(super) fn get(&self, request: RequestId) -> Option<&T> {
        self.places[self.position(request)?].1.as_ref()
    }

    pub(super) fn remove(&mut self, request: RequestId) -> Option<T> {
        let position = self.position(request)?;
        let removed = self.places[position].1.take()?;
        self.taken -= 1;
        while self.places.front().is_some_and(|(_, value)| value.is_none()) {
            self.places.pop_front();
        }
        // A request that has no answer for long must not keep the places of all that come after it.
        if self.places.len() > 2 * self.taken + VACANT {
            self.places.retain(|(_, value)| value.is_some());
        }
        Some(removed)
    }

    /// Takes out all that are like that.
    pub(super) fn extract(&mut self, is_wanted: impl Fn(&T) -> bool) -> Vec<T> {
        let places = self.places.iter_mut();
        let extracted: Vec<_> = places.filter_map(|(_, value)| value.take_if(|value| is_wanted(value))).collect();
        self.places.retain(|(_, value)| value.is_some());
        self.taken = self.places.len();
        extracted
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.places.iter().filter_map(|(_, value)| value.as_ref())
    }

    pub(super) fn into_values(self) -> impl Iterator<Item = T> {
        self.places.into_iter().filter_map(|(_, value)| value)
    }

    fn position(&self, request: RequestId) -> Option<usize> {
        match self.places.front() {
            Some((first, _)) if *first == request => Some(0),
            _ => self.places.binary_search_by_key(&request, |(id, _)| *id).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests() -> impl Iterator<Item = RequestId> {
        std::iter::successors(Some(RequestId::ZERO.next()), |last| Some(last.next()))
    }

    #[test]
    fn they_are_found_in_whatever_order_the_answers_come() {
        let ids: Vec<_> = requests().step_by(3).take(100).collect();
        let mut places = InOrder::default();
        for (number, id) in ids.iter().enumerate() {
            places.insert(*id, number);
        }
        assert_eq!(places.get(ids[0].next()), None);
        for number in (0..100).step_by(2).chain((1..100).step_by(2).rev()) {
            assert_eq!(places.get(ids[number]), Some(&number));
            assert_eq!(places.remove(ids[number]), Some(number));
            assert_eq!(places.remove(ids[number]), None);
        }
        assert!(places.places.is_empty());
    }

    #[test]
    fn one_that_waits_for_long_keeps_no_places_for_others() {
        let mut places = InOrder::default();
        let mut ids = requests();
        let first = ids.next().expect("there is no end");
        places.insert(first, 0);
        for id in ids.take(10_000) {
            places.insert(id, 1);
            assert_eq!(places.remove(id), Some(1));
            assert!(places.places.len() <= VACANT + 3);
        }
        assert_eq!(places.into_values().collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn some_are_taken_out_at_once() {
        let mut places = InOrder::default();
        requests().take(10).zip(0..).for_each(|(id, number)| places.insert(id, number));
        assert_eq!(places.extract(|number| number % 3 == 0), [0, 3, 6, 9]);
        assert_eq!(places.values().count(), 6);
        for (id, number) in requests().take(10).zip(0..) {
            assert_eq!(places.remove(id), (number % 3 != 0).then_some(number));
        }
    }
}
