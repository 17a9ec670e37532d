use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use super::*;
use crate::session::PublishRequest;

/// Somebody who counts how often they are woken.
#[derive(Debug, Default)]
struct Sleeper(AtomicUsize);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Sleeper {
    fn woken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

fn publication() -> PublishRequest {
    let topic = "com.example.topic".to_owned();
    PublishRequest { topic, options: None, payload: Default::default(), answer: None, taken: None, sent: None }
}

fn publish(outbox: &Outbox) -> bool {
    match outbox.access() {
        Access::Open(posting) => {
            posting.post(|requests| requests.publish(publication()));
            true
        }
        Access::Full | Access::Closed => false,
    }
}

fn written(outbox: &Outbox, may_open: bool) -> usize {
    let (mut frames, mut count) = (Frames::default(), 0);
    outbox.take(&mut frames, false, || may_open);
    let drained = frames.drain(|_| {
        count += 1;
        Ok(())
    });
    assert!(drained.is_ok());
    count
}

#[test]
fn nothing_is_published_before_what_is_left_to_the_task() {
    let outbox = Outbox::default();
    assert!(!publish(&outbox), "there is no session yet");
    written(&outbox, true);
    assert!(publish(&outbox));
    outbox.leave_to_task(|| {});
    assert!(!publish(&outbox));
    assert_eq!(written(&outbox, false), 1);
    assert!(!publish(&outbox), "the task has not seen to it yet");
    written(&outbox, true);
    assert!(publish(&outbox));
    outbox.close(|_| {});
    assert!(!publish(&outbox), "the goodbye is the last");
}

#[test]
fn the_task_is_woken_once_for_all_that_it_writes_together() {
    let (outbox, sleeper) = (Outbox::default(), Arc::new(Sleeper::default()));
    let task = Waker::from(Arc::clone(&sleeper));
    written(&outbox, true);
    assert!(outbox.poll_frames(&mut Context::from_waker(&task)).is_pending());
    assert!((0..3).all(|_| publish(&outbox)));
    assert_eq!(sleeper.woken(), 1);
    assert!(outbox.poll_frames(&mut Context::from_waker(&task)).is_ready());
    assert_eq!(written(&outbox, true), 3);
}

#[test]
fn whoever_publishes_more_than_is_written_waits() {
    let (outbox, sleeper) = (Outbox::default(), Arc::new(Sleeper::default()));
    let publisher = Waker::from(Arc::clone(&sleeper));
    let mut cx = Context::from_waker(&publisher);
    written(&outbox, true);
    while publish(&outbox) {}
    assert!(matches!(outbox.access(), Access::Full));
    let mut room = pin!(outbox.room());
    assert!(room.as_mut().poll(&mut cx).is_pending());
    assert!(written(&outbox, true) > 100);
    assert_eq!(sleeper.woken(), 1);
    assert!(room.poll(&mut cx).is_ready());

    while publish(&outbox) {}
    assert!(pin!(outbox.room()).poll(&mut cx).is_pending());
    let mut room = pin!(outbox.room());
    assert!(room.as_mut().poll(&mut cx).is_pending());
    outbox.end();
    assert_eq!(sleeper.woken(), 2, "it must not wait for a task that is gone");
    assert!(!publish(&outbox));
}

#[test]
fn whoever_publishes_waits_while_the_connection_takes_no_more() {
    let (outbox, sleeper) = (Outbox::default(), Arc::new(Sleeper::default()));
    let publisher = Waker::from(Arc::clone(&sleeper));
    let mut cx = Context::from_waker(&publisher);
    let (mut frames, mut room) = (Frames::default(), pin!(outbox.room()));
    outbox.take(&mut frames, true, || true);
    assert!(matches!(outbox.access(), Access::Full));
    outbox.take(&mut frames, true, || true);
    assert!(room.as_mut().poll(&mut cx).is_pending());
    outbox.take(&mut frames, false, || true);
    assert!(room.poll(&mut cx).is_ready());
    assert!(publish(&outbox));
}
