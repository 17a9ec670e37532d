use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use proptest::prelude::*;
use wamp_proto::Serializer;

use super::*;

const ENCODING: Encoding = Encoding { serializer: Serializer::Json, framing: Framing::WebSocket };

fn frame(body: &str) -> Vec<u8> {
    let mut out = Vec::new();
    ENCODING.framing.frame(false, &mut out, |out| out.extend_from_slice(body.as_bytes())).unwrap();
    out
}

fn bodies(bytes: &[u8]) -> Vec<String> {
    ENCODING.framing.split(bytes).map(|frame| String::from_utf8(frame.body.to_vec()).unwrap()).collect()
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Gives the outbox an owner and counts how often it is woken.
fn own(outbox: &Outbox) -> Arc<Wakes> {
    let wakes = Arc::new(Wakes::default());
    let _ = outbox.attend(&Waker::from(wakes.clone()));
    wakes
}

fn limits(bytes: usize, reserve: usize, policy: SlowConsumer) -> OutboxLimits {
    OutboxLimits { bytes, reserve, policy }
}

/// An outbox whose wire has just taken half of a first frame and is full.
fn stuck(limits: OutboxLimits) -> Arc<Outbox> {
    let outbox = Outbox::detached_with(ENCODING, limits, 4);
    assert_eq!(outbox.append(&frame("first"), Class::Event), Append::First);
    outbox.flush();
    outbox
}

/// Lets the owner write until nothing is left; answers everything the wire took.
fn read_all(outbox: &Outbox) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let taken = outbox.drain();
        all.extend_from_slice(&taken);
        if outbox.flush_as_owner(|_| unreachable!("has a wire")) == Flush::Done {
            all.extend_from_slice(&outbox.drain());
            return all;
        }
    }
}

#[test]
fn only_the_first_append_owes_a_flush() {
    let outbox = Outbox::detached(ENCODING);
    assert_eq!(outbox.append(&frame("a"), Class::Event), Append::First);
    assert_eq!(outbox.append(&frame("b"), Class::Reply), Append::Queued);
    assert!(outbox.drain().is_empty(), "nothing is written before the flush");
    outbox.flush();
    assert_eq!(bodies(&outbox.drain()), ["a", "b"]);
    assert_eq!(outbox.append(&frame("c"), Class::Event), Append::First);
}

#[test]
fn a_full_wire_leaves_the_rest_to_the_owner() {
    let outbox = Outbox::detached_with(ENCODING, OutboxLimits::default(), 4);
    let wakes = own(&outbox);
    let _ = outbox.append(&frame("first"), Class::Event);
    outbox.flush();
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    assert_eq!(outbox.append(&frame("second"), Class::Event), Append::Queued, "the owner will flush");
    assert_eq!(outbox.queued(), 3 + 8);
    assert_eq!(bodies(&read_all(&outbox)), ["first", "second"]);
    assert_eq!(outbox.queued(), 0);
    assert_eq!(outbox.append(&frame("third"), Class::Event), Append::First);
}

#[test]
fn send_writes_through_an_idle_outbox_only() {
    let outbox = Outbox::detached_with(ENCODING, OutboxLimits::default(), 10);
    let wakes = own(&outbox);
    assert_eq!(outbox.send(&frame("a"), Class::Event), Append::Queued);
    assert_eq!(bodies(&outbox.drain()), ["a"]);

    let _ = outbox.append(&frame("b"), Class::Event);
    assert_eq!(outbox.send(&frame("c"), Class::Event), Append::Queued, "behind b, on the list of b's appender");
    assert!(outbox.drain().is_empty());
    outbox.flush();
    assert_eq!(bodies(&outbox.drain()), ["b", "c"]);

    assert_eq!(outbox.send(&frame("longer than ten"), Class::Event), Append::Queued);
    assert_eq!(outbox.send(&frame("d"), Class::Event), Append::Queued);
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    assert_eq!(bodies(&read_all(&outbox)), ["longer than ten", "d"]);
}

#[test]
fn an_owned_stream_is_written_by_its_owner() {
    let outbox = Outbox::owned(ENCODING, OutboxLimits::default());
    let wakes = own(&outbox);
    assert_eq!(outbox.append(&frame("a"), Class::Event), Append::First);
    outbox.flush();
    assert_eq!(outbox.send(&frame("b"), Class::Event), Append::Queued);
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    let mut written = Vec::new();
    let flush = outbox.flush_as_owner(|bytes| {
        written.extend_from_slice(bytes);
        Ok(bytes.len())
    });
    assert_eq!(flush, Flush::Done);
    assert_eq!(bodies(&written), ["a", "b"]);
    assert_eq!(outbox.send(&frame("c"), Class::Event), Append::Queued);
    assert_eq!(wakes.0.load(Ordering::Relaxed), 2, "idle again: the owner has to be woken");
}

#[test]
fn a_message_larger_than_the_limit_fits_into_an_idle_outbox() {
    let outbox = Outbox::detached_with(ENCODING, limits(10, 0, SlowConsumer::DropNewest), usize::MAX);
    let long = "x".repeat(1000);
    assert_eq!(outbox.append(&frame(&long), Class::Event), Append::First);
    outbox.flush();
    assert_eq!(bodies(&outbox.drain()), [long]);
}

#[test]
fn a_slow_consumer_is_disconnected() {
    let outbox = stuck(limits(20, 0, SlowConsumer::Disconnect));
    let wakes = own(&outbox);
    assert_eq!(outbox.append(&frame("fits"), Class::Event), Append::Queued);
    assert_eq!(outbox.append(&frame("does not fit"), Class::Event), Append::Closed);
    assert_eq!(outbox.closed(), Some(Closed::TooSlow));
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1, "the owner ends the connection");
    assert_eq!(outbox.queued(), 0, "a dead peer holds no memory");
    assert_eq!(outbox.append(&frame("a"), Class::Reply), Append::Closed);
    assert_eq!(outbox.send(&frame("a"), Class::Event), Append::Closed);
}

#[test]
fn drop_newest_keeps_what_fits_of_a_run() {
    let outbox = stuck(limits(20, 10, SlowConsumer::DropNewest));
    let run = [frame("second"), frame("third!"), frame("fourth")].concat();
    assert_eq!(outbox.append(&run, Class::Event), Append::Dropped);
    assert_eq!(outbox.dropped(), 1);
    assert_eq!(outbox.append(&frame("reply"), Class::Reply), Append::Queued, "there is a reserve");
    assert_eq!(outbox.append(&frame("event"), Class::Event), Append::Dropped);
    assert_eq!(outbox.dropped(), 2);
    assert_eq!(bodies(&read_all(&outbox)), ["first", "second", "third!", "reply"]);
}

#[test]
fn drop_oldest_makes_room_and_spares_replies_and_what_is_half_written() {
    let outbox = stuck(limits(40, 10, SlowConsumer::DropOldest));
    for (body, class) in [("e1", Class::Event), ("reply", Class::Reply), ("e2", Class::Event)] {
        assert_eq!(outbox.append(&frame(body), class), Append::Queued);
    }
    assert_eq!(outbox.append(&frame("newest"), Class::Event), Append::Dropped);
    assert_eq!(outbox.dropped(), 2);
    assert_eq!(bodies(&read_all(&outbox)), ["first", "reply", "newest"]);
}

#[test]
fn a_peer_that_ignores_its_replies_is_disconnected_by_any_policy() {
    for policy in [SlowConsumer::Disconnect, SlowConsumer::DropNewest, SlowConsumer::DropOldest] {
        let outbox = stuck(limits(20, 10, policy));
        let mut appends = std::iter::repeat_with(|| outbox.append(&frame("reply"), Class::Reply));
        assert!(appends.by_ref().take(10).any(|append| append == Append::Closed), "{policy:?}");
        assert_eq!(outbox.closed(), Some(Closed::TooSlow));
    }
}

#[test]
fn nothing_follows_the_close_frame() {
    let outbox = stuck(OutboxLimits::default());
    let wakes = own(&outbox);
    let _ = outbox.append(&frame("goodbye"), Class::Reply);
    outbox.finish(CloseCode::NORMAL, "bye");
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    assert_eq!(outbox.append(&frame("late"), Class::Reply), Append::Closed);
    outbox.finish(CloseCode::INTERNAL, "again");
    let bytes = read_all(&outbox);
    let frames: Vec<_> = ENCODING.framing.split(&bytes).map(|frame| frame.body).collect();
    assert_eq!(frames, [b"first".as_slice(), b"goodbye", b"\x03\xE8bye"]);
    let status = outbox.attend(Waker::noop());
    assert!(status.finishing && status.queued == 0);
}

proptest! {
    /// Whatever the wire takes at a time, every policy delivers whole frames, replies all of
    /// them and in order, and counts the events it dropped.
    #[test]
    fn frames_survive_any_wire(
        policy in prop_oneof![Just(SlowConsumer::DropNewest), Just(SlowConsumer::DropOldest)],
        steps in proptest::collection::vec((any::<bool>(), 0usize..4, 0usize..40), 1..80),
        capacity in 1usize..60,
    ) {
        let outbox = Outbox::detached_with(ENCODING, limits(200, 100_000, policy), capacity);
        let mut wire = Vec::new();
        let mut sent = Vec::new();
        let mut events = 0;
        for (index, (is_reply, action, padding)) in steps.into_iter().enumerate() {
            let body = format!("{}{index}:{}", if is_reply { 'r' } else { 'e' }, "x".repeat(padding));
            let class = if is_reply { Class::Reply } else { Class::Event };
            let append = match action {
                0 => outbox.send(&frame(&body), class),
                _ => outbox.append(&frame(&body), class),
            };
            if append == Append::First || action == 1 {
                outbox.flush();
            }
            if action == 2 {
                wire.extend_from_slice(&outbox.drain());
                let _ = outbox.flush_as_owner(|_| unreachable!("has a wire"));
            }
            if is_reply { sent.push(body) } else { events += 1 }
        }
        wire.extend_from_slice(&read_all(&outbox));
        let received = bodies(&wire);
        let replies: Vec<_> = received.iter().filter(|body| body.starts_with('r')).cloned().collect();
        prop_assert_eq!(&replies, &sent);
        prop_assert_eq!((received.len() - replies.len()) as u64 + outbox.dropped(), events);
        let order: Vec<u32> = received.iter().map(|body| body[1..].split(':').next().unwrap().parse().unwrap()).collect();
        prop_assert!(order.is_sorted(), "{:?}", order);
    }
}

/// Many tasks append and flush at once; one reader, who is the owner, sees every frame once and
/// each task's frames in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_appends_over_a_socket_keep_their_order() {
    use tokio::io::AsyncReadExt;

    const TASKS: usize = 4;
    const FRAMES: usize = 5_000;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, server) = tokio::join!(tokio::net::TcpStream::connect(address), listener.accept());
    let (mut client, (_server_read, server_write)) = (client.unwrap(), server.unwrap().0.into_split());
    let outbox = Outbox::tcp(ENCODING, OutboxLimits { bytes: 64 << 20, ..Default::default() }, server_write);

    let owner = tokio::spawn({
        let outbox = outbox.clone();
        std::future::poll_fn(move |cx| {
            let status = outbox.attend(cx.waker());
            if status.finishing && status.queued == 0 {
                return std::task::Poll::Ready(());
            }
            while status.owner_writes && outbox.flush_as_owner(|_| unreachable!("has a wire")) == Flush::Blocked {
                if outbox.poll_writable(cx).is_pending() {
                    break;
                }
            }
            let status = outbox.attend(cx.waker());
            if status.finishing && status.queued == 0 { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
    });
    let appenders: Vec<_> = (0..TASKS)
        .map(|task| {
            let outbox = outbox.clone();
            tokio::spawn(async move {
                for index in 0..FRAMES {
                    let body = format!("{task}:{index}:{}", "x".repeat(index % 300));
                    let append = match index % 3 {
                        0 => outbox.send(&frame(&body), Class::Event),
                        _ => outbox.append(&frame(&body), Class::Event),
                    };
                    match append {
                        Append::First => outbox.flush(),
                        Append::Queued => {}
                        Append::Dropped | Append::Closed => panic!("{append:?}"),
                    }
                }
            })
        })
        .collect();
    let reader = tokio::spawn(async move {
        let mut all = Vec::new();
        client.read_to_end(&mut all).await.unwrap();
        all
    });
    for appender in appenders {
        appender.await.unwrap();
    }
    outbox.finish(CloseCode::NORMAL, "");
    owner.await.unwrap();
    drop(outbox);

    let all = reader.await.unwrap();
    let mut next = [0; TASKS];
    for body in bodies(&all[..all.len() - 4]) {
        let mut parts = body.split(':');
        let task: usize = parts.next().unwrap().parse().unwrap();
        let index: usize = parts.next().unwrap().parse().unwrap();
        assert_eq!(index, next[task]);
        next[task] += 1;
    }
    assert_eq!(next, [FRAMES; TASKS]);
}

#[test]
fn an_unwanted_append_leaves_no_trace() {
    let outbox = Outbox::detached(ENCODING);
    assert_eq!(outbox.append_if(&frame("unwanted"), Class::Event, || false), Append::Closed);
    assert_eq!(outbox.send_if(&frame("unwanted"), Class::Event, || false), Append::Closed);
    assert_eq!(outbox.append_if(&frame("wanted"), Class::Event, || true), Append::First);
    outbox.flush();
    assert_eq!(bodies(&outbox.drain()), ["wanted"]);
}

#[test]
fn nothing_comes_between_the_last_frame_and_the_close_frame() {
    let outbox = Outbox::detached(ENCODING);
    assert_eq!(outbox.append(&frame("before"), Class::Event), Append::First);
    outbox.finish_with(&frame("goodbye"), CloseCode::NORMAL, "");
    assert_eq!(outbox.append(&frame("after"), Class::Event), Append::Closed);
    outbox.flush();
    let written = outbox.drain();
    let (frames, close) = written.split_at(written.len() - 4);
    assert_eq!(bodies(frames), ["before", "goodbye"]);
    assert_eq!(close, [0x88, 2, 0x03, 0xE8]);
}
