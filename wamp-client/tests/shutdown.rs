//! The end of a program: what still happens, in which order, and what happens to what takes too long. In virtual time.

mod peer;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use peer::{Connection, Peer, app, within};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use wamp_client::{App, Client, Error, ErrorKind, InvocationPolicy, ProcedureHandler, Running};
use wamp_router::Router;

/// What happened, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().expect("no test panics with it").push(what.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("no test panics with it"))
    }
}

/// Notes that it was dropped.
struct Dropped(Log, &'static str);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.note(format!("{} dropped", self.1));
    }
}

/// An App with a slow event handler (which publishes at its end), a slow procedure and both hooks.
fn slow_app(app: App, takes: Duration) -> (App, Log) {
    let log = Log::default();
    let [on_event, on_call, on_join, on_leave] = [(); 4].map(|()| log.clone());
    let app = app
        .subscribe("com.example.event", move |number: u64, client: Client| {
            let log = on_event.clone();
            async move {
                let _dropped = Dropped(log.clone(), "event");
                sleep(takes).await;
                client.publish("com.example.handled").arg(number).await.expect("it is joined");
                log.note(format!("event {number} handled"));
            }
        })
        .register("com.example.slow", move || {
            let log = on_call.clone();
            async move {
                let _dropped = Dropped(log.clone(), "call");
                sleep(takes).await;
                log.note("call done");
                "result"
            }
        })
        .on_join(move || {
            let dropped = Dropped(on_join.clone(), "on_join");
            async move {
                std::future::pending::<()>().await;
                drop(dropped);
            }
        })
        .on_leave(move || {
            on_leave.note("on_leave");
            async {}
        });
    (app, log)
}

async fn set_up(peer: &mut Peer) -> Connection {
    let mut connection = peer.join().await;
    connection.attach("com.example.event", 1).await;
    connection.attach("com.example.slow", 2).await;
    connection
}

async fn start(app: App, peer: &mut Peer) -> (Running, Connection) {
    let (running, connection) = tokio::join!(app.start(), set_up(peer));
    (running.expect("it starts"), connection)
}

/// Waits until the client has taken what was sent so far.
async fn settle(client: &Client, connection: &mut Connection) {
    let (answered, ()) = tokio::join!(async { client.call::<()>("com.example.probe").await }, async {
        let call = connection.receive().await;
        connection.send(json!([50, call[1], {}])).await;
    });
    answered.expect("it is answered");
}

/// Ends the registration, as the program wants it.
async fn withdrawn(connection: &mut Connection) {
    let unregister = connection.receive().await;
    assert_eq!((&unregister[0], &unregister[2]), (&json!(66), &json!(2)));
    connection.send(json!([67, unregister[1]])).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_running_finishes_and_its_results_come_before_the_goodbye() {
    let (app, mut peer) = app();
    let (app, log) = slow_app(app, Duration::from_secs(1));
    let (running, mut connection) = start(app, &mut peer).await;
    let begin = Instant::now();
    connection.event(1, json!([1])).await;
    connection.event(1, json!([2])).await;
    connection.send(json!([68, 1, 2, {}])).await;
    settle(running.client(), &mut connection).await;
    let (stopped, ()) = tokio::join!(running.stop(), async {
        withdrawn(&mut connection).await;
        // Too late.
        connection.event(1, json!([3])).await;
        let mut answers = [connection.receive().await, connection.receive().await];
        // They are done at the same moment.
        answers.sort_by_key(|answer| answer[0].as_u64());
        let [publish, result] = answers;
        assert_eq!((&publish[0], &publish[4]), (&json!(16), &json!([1])));
        assert_eq!(result, json!([70, 1, {}, ["result"]]));
        let publish = connection.receive().await;
        assert_eq!((&publish[0], &publish[4]), (&json!(16), &json!([2])), "what waited is handled too");
        connection.goodbye().await;
        assert_eq!(connection.next().await, None, "the connection is closed");
    });
    stopped.expect("it ends well");
    assert_eq!(begin.elapsed().as_secs(), 2);
    let mut happened = log.take();
    happened[..4].sort();
    let expected = ["call done", "call dropped", "event 1 handled", "event dropped"];
    assert_eq!(happened[..4], expected);
    assert_eq!(happened[4..], ["event 2 handled", "event dropped", "on_join dropped", "on_leave"]);
}

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_is_aborted_and_told() {
    let (app, mut peer) = app();
    let (app, log) = slow_app(app.shutdown_timeout(Duration::from_secs(3)), Duration::from_secs(3600));
    let (running, mut connection) = start(app, &mut peer).await;
    for number in 0..5 {
        connection.event(1, json!([number])).await;
    }
    connection.send(json!([68, 1, 2, {}])).await;
    settle(running.client(), &mut connection).await;
    let begin = Instant::now();
    let (stopped, ()) = tokio::join!(running.stop(), async {
        withdrawn(&mut connection).await;
        let error = connection.receive().await;
        assert_eq!((&error[0], &error[2], &error[4]), (&json!(8), &json!(1), &json!("wamp.error.canceled")));
        connection.goodbye().await;
    });
    assert_eq!(begin.elapsed().as_secs(), 3);
    let error = stopped.expect_err("not all of it was done");
    assert_eq!(error.kind(), ErrorKind::Stopped);
    let Error::Unfinished { after, calls, events } = error else { panic!("{error}") };
    assert_eq!((after.as_secs(), calls, events), (3, 1, 5));
    let mut happened = log.take();
    happened.sort();
    assert_eq!(happened, ["call dropped", "event dropped", "on_join dropped", "on_leave"]);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_running_the_goodbye_comes_at_once() {
    let (app, mut peer) = app();
    let (running, mut connection) = start(slow_app(app, Duration::ZERO).0, &mut peer).await;
    connection.event(1, json!([1])).await;
    assert_eq!(connection.receive().await[0], 16);
    assert_eq!(connection.invoke(1, 2, json!([])).await[0], 70);
    let begin = Instant::now();
    let (stopped, ()) = tokio::join!(running.stop(), connection.goodbye());
    stopped.expect("it ends well");
    assert_eq!(begin.elapsed().as_millis(), 0);
}

#[tokio::test(start_paused = true)]
async fn handlers_of_a_lost_session_are_waited_for_too() {
    let (app, mut peer) = app();
    let (app, log) = slow_app(app, Duration::from_secs(4));
    let (running, mut connection) = start(app, &mut peer).await;
    connection.send(json!([68, 1, 2, {}])).await;
    settle(running.client(), &mut connection).await;
    drop(connection);
    let mut connection = set_up(&mut peer).await;
    within(running.client().joined()).await.expect("it joins again");
    log.take();
    let (stopped, ()) = tokio::join!(running.stop(), async {
        withdrawn(&mut connection).await;
        connection.goodbye().await;
    });
    stopped.expect("it ends well");
    assert_eq!(log.take(), ["call done", "call dropped", "on_join dropped", "on_leave"]);
}

#[tokio::test(start_paused = true)]
async fn handlers_are_waited_for_without_a_session_too() {
    for (takes, ends_well) in [(4, true), (8, false)] {
        let (app, mut peer) = app();
        let (app, log) = slow_app(app, Duration::from_secs(takes));
        let (running, mut connection) = start(app, &mut peer).await;
        connection.send(json!([68, 1, 2, {}])).await;
        settle(running.client(), &mut connection).await;
        drop(connection);
        let refused = peer.accept().await;
        let begin = Instant::now();
        let stopped = running.stop().await;
        drop(refused);
        assert_eq!(stopped.is_ok(), ends_well, "{stopped:?}");
        assert!(begin.elapsed() < Duration::from_millis(5001), "{:?}", begin.elapsed());
        assert_eq!(log.take().contains(&"call done".to_owned()), ends_well);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_lost_while_the_program_ends_is_not_looked_for() {
    let (app, mut peer) = app();
    let (app, log) = slow_app(app, Duration::from_secs(2));
    let (running, mut connection) = start(app, &mut peer).await;
    connection.send(json!([68, 1, 2, {}])).await;
    settle(running.client(), &mut connection).await;
    let (stopped, ()) = tokio::join!(running.stop(), async {
        withdrawn(&mut connection).await;
        drop(connection);
    });
    stopped.expect("it ends well");
    assert!(peer.is_idle(), "it did not connect again");
    assert_eq!(log.take(), ["on_join dropped", "on_leave", "call done", "call dropped"]);
}

#[tokio::test(start_paused = true)]
async fn a_router_that_answers_nothing_does_not_keep_the_program() {
    let (app, mut peer) = app();
    let (running, mut connection) = start(slow_app(app, Duration::ZERO).0, &mut peer).await;
    let begin = Instant::now();
    let (stopped, unregister) = tokio::join!(running.stop(), connection.receive());
    stopped.expect("nothing was running");
    assert_eq!(unregister[0], 66);
    assert_eq!(connection.receive().await[0], 6);
    assert!(begin.elapsed() <= Duration::from_secs(9), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_program_with_its_own_main_loop_sees_the_end_in_it() {
    let (app, mut peer) = app();
    let (mut running, mut connection) = start(slow_app(app, Duration::ZERO).0, &mut peer).await;
    let (work, mut to_do) = mpsc::unbounded_channel();
    let stopper = running.client().clone();
    let main_loop = async {
        let mut done = Vec::new();
        loop {
            tokio::select! {
                Some(item) = to_do.recv() => done.push(item),
                ended = running.stopped() => return (done, ended),
            }
        }
    };
    let ((done, ended), ()) = tokio::join!(main_loop, async {
        for item in 0..3 {
            work.send(item).expect("the loop runs");
            sleep(Duration::from_secs(1)).await;
        }
        stopper.stop();
        connection.goodbye().await;
    });
    ended.expect("it ends well");
    assert_eq!(done, [0, 1, 2]);
    within(running.stopped()).await.expect("it just has ended");
    within(running.stop()).await.expect("it just has ended");
}

#[tokio::test(start_paused = true)]
async fn an_abort_says_nothing_and_waits_for_nothing() {
    let (app, mut peer) = app();
    let (app, log) = slow_app(app, Duration::from_secs(3600));
    let (running, mut connection) = start(app, &mut peer).await;
    connection.event(1, json!([1])).await;
    connection.send(json!([68, 1, 2, {}])).await;
    settle(running.client(), &mut connection).await;
    let client = running.client().clone();
    running.abort();
    assert_eq!(within(connection.next()).await, None::<Value>);
    assert_eq!(client.call::<()>("com.example.any").await.expect_err("it has ended").kind(), ErrorKind::Stopped);
    let mut happened = log.take();
    happened.sort();
    assert_eq!(happened, ["call dropped", "event dropped", "on_join dropped"]);
}

#[tokio::test(start_paused = true)]
async fn arguments_still_reach_a_procedure_that_finishes() {
    let (app, mut peer) = app();
    let app = app.register("com.example.sum", |mut numbers: wamp_client::Parts<i64>| async move {
        let mut sum = 0;
        while let Some(number) = numbers.next().await {
            sum += number?;
        }
        Ok::<_, wamp_client::WampError>(sum)
    });
    let (running, mut connection) = tokio::join!(app.start(), async {
        let mut connection = peer.join().await;
        connection.attach("com.example.sum", 1).await;
        connection
    });
    let running = running.expect("it starts");
    connection.send(json!([68, 1, 1, {"progress": true}, [1]])).await;
    settle(running.client(), &mut connection).await;
    let (stopped, ()) = tokio::join!(running.stop(), async {
        let unregister = connection.receive().await;
        assert_eq!(unregister[0], 66);
        connection.send(json!([67, unregister[1]])).await;
        connection.send(json!([68, 1, 1, {"progress": true}, [2]])).await;
        connection.send(json!([68, 1, 1, {}, [3]])).await;
        connection.expect(json!([70, 1, {}, [6]])).await;
        connection.goodbye().await;
    });
    stopped.expect("it ends well");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_on_its_way_is_still_answered() {
    let (app, mut peer) = app();
    let (running, mut connection) = start(slow_app(app, Duration::from_secs(1)).0, &mut peer).await;
    let (stopped, ()) = tokio::join!(running.stop(), async {
        let unregister = connection.receive().await;
        // It crossed the UNREGISTER.
        connection.send(json!([68, 1, 2, {}])).await;
        connection.send(json!([67, unregister[1]])).await;
        connection.expect(json!([70, 1, {}, ["result"]])).await;
        connection.goodbye().await;
    });
    stopped.expect("it ends well");
}

/// Over sockets, with the real router: two callees share a procedure, and one of them is stopped and started again while
/// it is called all the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_while_one_of_two_callees_is_stopped_and_started_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("an address is free");
    let server = Router::builder().realm("realm1").build().serve(listener, axum::Router::new());
    let app = || App::new(format!("ws://{}/ws", server.local_addr()));
    let callee = || {
        let work = |number: u64| async move {
            tokio::task::yield_now().await;
            number
        };
        app().mount([ProcedureHandler::new("com.example.work", work).invoke(InvocationPolicy::RoundRobin)]).start()
    };
    let _steady = within(callee()).await.expect("it starts");
    let caller = within(app().start()).await.expect("it starts");
    let mut callers = tokio::task::JoinSet::new();
    let (restarted, is_over) = tokio::sync::watch::channel(false);
    for _ in 0..8 {
        let (client, is_over) = (caller.client().clone(), is_over.clone());
        callers.spawn(async move {
            let mut calls = 0;
            while !*is_over.borrow() {
                let result: u64 = client.call("com.example.work").arg(calls).await.expect("no call fails");
                assert_eq!(result, calls);
                calls += 1;
            }
            calls
        });
    }
    for _ in 0..50 {
        let restarting = within(callee()).await.expect("it starts");
        within(restarting.stop()).await.expect("it ends well");
    }
    restarted.send_replace(true);
    while let Some(calls) = within(callers.join_next()).await {
        assert!(calls.expect("no call fails") > 0);
    }
    within(server.shutdown()).await;
}
