use super::*;

/// An event, and whether it is retained.
type Event = (u64, bool);

impl Published for Event {
    fn publication(&self) -> Option<PublicationId> {
        Some(id(self.0))
    }

    fn is_retained(&self) -> bool {
        self.1
    }
}

const ROOM: usize = 100;

fn id(number: u64) -> PublicationId {
    PublicationId::known(number)
}

fn page(numbers: impl IntoIterator<Item = u64>, more: bool) -> Answer<Event> {
    Answer::Page { events: numbers.into_iter().map(|number| (number, false)).collect(), more }
}

/// A place that has seen these events, in a session that is over.
fn away(seen: impl IntoIterator<Item = u64>) -> Place<Event> {
    let mut place = Place::default();
    assert_eq!(place.subscribed(true), Step::Ask(Question::Newest));
    for number in seen {
        assert!(place.event((number, false)).is_some());
    }
    place.away();
    place
}

fn answered(place: &mut Place<Event>, question: Question, answer: Answer<Event>) -> (Vec<u64>, Step) {
    let (events, step) = place.answered(question, answer, ROOM);
    (events.into_iter().map(|(number, _)| number).collect(), step)
}

#[test]
fn what_was_missed_comes_first_and_nothing_twice() {
    let mut place = away([1, 2]);
    let from = Question::From(id(2));
    assert_eq!(place.subscribed(true), Step::Ask(from));
    // Some of it comes live too, and so does what is newer.
    for number in [4, 5, 6] {
        assert_eq!(place.event((number, false)), None, "it is held");
    }
    let after = Question::After(id(3));
    assert_eq!(answered(&mut place, from, page([2, 3], true)), (vec![3], Step::Ask(after)));
    assert_eq!(
        answered(&mut place, after, page([4, 5], false)),
        (vec![4, 5, 6], Step::Done(Recovered::Complete, 3)),
        "three were recovered, and the last one came live"
    );
    assert_eq!(place.event((6, false)), None);
    assert_eq!(place.event((7, false)), Some((7, false)));
}

#[test]
fn nothing_missed_is_complete() {
    let mut place = away([1]);
    place.subscribed(true);
    let nothing = (vec![], Step::Done(Recovered::Complete, 0));
    assert_eq!(answered(&mut place, Question::From(id(1)), page([1], false)), nothing);
}

#[test]
fn a_history_without_the_last_event_has_a_gap() {
    let mut place = away([1]);
    place.subscribed(true);
    let step = (vec![], Step::Ask(Question::All));
    assert_eq!(answered(&mut place, Question::From(id(1)), Answer::Absent), step);
    let rest = (vec![8, 9], Step::Done(Recovered::Gap, 2));
    assert_eq!(answered(&mut place, Question::All, page([1, 8, 9], false)), rest, "what was seen is not handled again");
    // The next time it is whole again.
    place.away();
    assert_eq!(place.subscribed(true), Step::Ask(Question::From(id(9))));
    let whole = (vec![10], Step::Done(Recovered::Complete, 1));
    assert_eq!(answered(&mut place, Question::From(id(9)), page([9, 10], false)), whole);
}

#[test]
fn a_gap_that_opens_while_it_is_asked_for_is_one_too() {
    let mut place = away([1]);
    place.subscribed(true);
    answered(&mut place, Question::From(id(1)), page([1, 2], true));
    let all = Step::Ask(Question::All);
    assert_eq!(answered(&mut place, Question::After(id(2)), Answer::Absent), (vec![], all));
    assert_eq!(answered(&mut place, Question::All, page([7, 8], false)), (vec![7, 8], Step::Done(Recovered::Gap, 3)));
}

#[test]
fn a_router_that_answers_something_else_is_no_trap() {
    // It ignores the question, and always tells all there is, in part.
    let mut place = away([1]);
    place.subscribed(true);
    let (events, step) = answered(&mut place, Question::From(id(1)), page([4, 5], true));
    assert_eq!((events, step), (vec![4, 5], Step::Ask(Question::After(id(5)))));
    let done = (vec![], Step::Done(Recovered::Gap, 2));
    assert_eq!(answered(&mut place, Question::After(id(5)), page([4, 5], true)), done);
    // It has nothing, but says that there is more.
    let mut place = away([]);
    place.subscribed(true);
    assert_eq!(answered(&mut place, Question::All, page([], true)), (vec![], Step::Done(Recovered::Gap, 0)));
}

#[test]
fn without_an_answer_what_was_held_is_handled() {
    let mut place = away([1]);
    place.subscribed(true);
    place.event((5, false));
    let (events, step) = answered(&mut place, Question::From(id(1)), Answer::Failed);
    assert_eq!((events, step), (vec![5], Step::Done(Recovered::Gap, 0)));
    assert!(place.event((6, false)).is_some());
}

#[test]
fn without_a_history_every_rejoin_is_a_gap() {
    let mut place = Place::<Event>::default();
    assert_eq!(place.subscribed(false), Step::Nothing, "nothing was missed yet");
    place.event((1, false));
    place.away();
    assert_eq!(place.subscribed(false), Step::Done(Recovered::Gap, 0));
    assert!(place.event((2, false)).is_some(), "nothing is held");
}

#[test]
fn who_saw_nothing_yet_has_missed_what_came_since_the_beginning() {
    let mut place = away([]);
    // There is one event from before; it is not handled, it marks the place.
    assert_eq!(answered(&mut place, Question::Newest, page([1], true)), (vec![], Step::Nothing));
    assert_eq!(place.subscribed(true), Step::Ask(Question::From(id(1))));
    let done = (vec![2], Step::Done(Recovered::Complete, 1));
    assert_eq!(answered(&mut place, Question::From(id(1)), page([1, 2], false)), done);

    // There was none: whether those there are now are all, nobody knows.
    let mut place = away([]);
    answered(&mut place, Question::Newest, page([], false));
    assert_eq!(place.subscribed(true), Step::Ask(Question::All));
    let done = (vec![1, 2], Step::Done(Recovered::Gap, 2));
    assert_eq!(answered(&mut place, Question::All, page([1, 2], false)), done);
}

#[test]
fn an_event_that_is_seen_marks_the_place_better_than_one_from_before() {
    let mut place = Place::default();
    place.subscribed(true);
    place.event((2, false));
    answered(&mut place, Question::Newest, page([1], true));
    place.away();
    assert_eq!(place.subscribed(true), Step::Ask(Question::From(id(2))));
}

#[test]
fn a_retained_event_does_not_move_the_place() {
    let mut place = away([1, 2]);
    place.subscribed(true);
    assert_eq!(place.event((1, true)), None);
    assert_eq!(place.event((9, true)), None);
    let (events, _) = answered(&mut place, Question::From(id(2)), page([2, 3], false));
    assert_eq!(events, [3, 9], "the one was seen before, the other is new");
    place.away();
    assert_eq!(place.subscribed(true), Step::Ask(Question::From(id(3))));
}

#[test]
fn what_is_held_has_an_end_and_is_asked_for_then() {
    let most = MOST_HELD as u64;
    let mut place = away([1]);
    place.subscribed(true);
    for number in 2..=most + 10 {
        place.event((number, false));
    }
    let held = |place: &Place<Event>| place.catching_up.as_ref().map_or(0, |catching_up| catching_up.held.len());
    assert!(held(&place) <= MOST_HELD);
    let after = Question::After(id(3));
    assert_eq!(answered(&mut place, Question::From(id(1)), page([1, 2, 3], false)), (vec![2, 3], Step::Ask(after)));
    let (events, step) = place.answered(after, page(4..=most + 9, false), 2 * MOST_HELD);
    assert_eq!(step, Step::Done(Recovered::Complete, most + 8));
    assert!(events.into_iter().map(|(number, _)| number).eq(4..=most + 10));
}

#[test]
fn no_more_is_handed_over_than_there_is_room_for() {
    let mut place = away([1]);
    place.subscribed(true);
    for number in 3..=6 {
        place.event((number, false));
    }
    let (events, step) = place.answered(Question::From(id(1)), page([1, 2], false), 3);
    assert_eq!((events.len(), step), (3, Step::Ask(Question::After(id(2)))));
    // Those that are still held are in the answer too, by then.
    let (events, step) = place.answered(Question::After(id(2)), page(3..=7, false), 3);
    assert_eq!(events, [(5, false), (6, false), (7, false)]);
    assert_eq!(step, Step::Done(Recovered::Complete, 4));
}

#[test]
fn so_many_are_remembered() {
    let mut place = away(1..=REMEMBERED as u64 + 1);
    assert_eq!((place.seen.known.len(), place.seen.order.len()), (REMEMBERED, REMEMBERED));
    assert_eq!(place.event((2, false)), None);
}
