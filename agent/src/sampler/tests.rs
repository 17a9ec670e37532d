//! The loop against a session that is only recorded, in virtual time.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::*;
use crate::{Figures, Parts};

/// A session that passes on what it is told, with the time since the test began.
#[derive(Clone)]
struct Recorder {
    start: Instant,
    published: mpsc::UnboundedSender<(Duration, Value)>,
    introduced: mpsc::UnboundedSender<Value>,
    answer: Arc<Mutex<Result<Settings, NoSettings>>>,
}

impl Uplink for Recorder {
    async fn address(&self) -> Option<IpAddr> {
        Some(IpAddr::from([10, 0, 0, 12]))
    }

    async fn settings(&self, introduction: Introduction<'_>) -> Result<Settings, NoSettings> {
        self.introduced.send(serde_json::to_value(introduction).unwrap()).unwrap();
        self.answer.lock().unwrap().clone()
    }

    async fn publish(&self, sample: &Sample<'_>) {
        let sample = serde_json::to_value(sample).unwrap();
        self.published.send((self.start.elapsed(), sample)).unwrap();
    }
}

/// Counts how often it was primed and measured.
#[derive(Default)]
struct Counter {
    primed: u64,
    measured: u64,
}

impl Measure for Counter {
    fn facts(&mut self) -> Facts {
        Facts { os: "Test".to_owned(), ..Facts::default() }
    }

    async fn prime(&mut self) {
        self.primed += 1;
    }

    async fn measure(&mut self, parts: Parts) -> Figures {
        self.measured += 1;
        let net = Some([self.primed, self.measured]);
        let load = parts.cpus.then_some([crate::Load::default(); 3]);
        Figures { net, load, ..Figures::default() }
    }
}

/// An agent's loop and everything a test needs to drive it.
struct Bench {
    link: watch::Sender<Link<Recorder>>,
    recorder: Recorder,
    published: mpsc::UnboundedReceiver<(Duration, Value)>,
    introduced: mpsc::UnboundedReceiver<Value>,
    sessions: u64,
}

impl Bench {
    /// Starts a loop whose fleet service gives this answer.
    fn new(answer: Result<Settings, NoSettings>) -> Self {
        let (published_sender, published) = mpsc::unbounded_channel();
        let (introduced_sender, introduced) = mpsc::unbounded_channel();
        let recorder = Recorder {
            start: Instant::now(),
            published: published_sender,
            introduced: introduced_sender,
            answer: Arc::new(Mutex::new(answer)),
        };
        let (link, receiver) = watch::channel(Link { session: None, pushed: None });
        let identity = Identity { id: "abc".parse().unwrap(), name: "web-1".to_owned(), ip: None };
        tokio::spawn(Sampler::new(identity, Counter::default(), 0.5, receiver).run());
        Self { link, recorder, published, introduced, sessions: 0 }
    }

    fn join(&mut self) {
        self.sessions += 1;
        let session = Some((self.sessions, self.recorder.clone()));
        self.link.send_replace(Link { session, pushed: None });
    }

    fn leave(&mut self) {
        self.link.send_replace(Link { session: None, pushed: None });
    }

    fn push(&mut self, settings: Settings) {
        self.link.send_modify(|link| link.pushed = Some(settings));
    }

    /// The next publication, and when it came, in milliseconds.
    async fn next(&mut self) -> (u64, Value) {
        let (at, sample) = self.published.recv().await.unwrap();
        (at.as_millis() as u64, sample)
    }

    async fn next_time(&mut self) -> u64 {
        self.next().await.0
    }

    /// How much is published within this time.
    async fn count(&mut self, within: Duration) -> usize {
        tokio::time::sleep(within).await;
        let mut count = 0;
        while self.published.try_recv().is_ok() {
            count += 1;
        }
        count
    }
}

fn every(seconds: f64, rev: u64) -> Settings {
    Settings { frequency: seconds.try_into().unwrap(), rev, ..Settings::default() }
}

fn absent() -> Result<Settings, NoSettings> {
    Err(NoSettings::Absent("no such procedure".to_owned()))
}

#[tokio::test(start_paused = true)]
async fn the_fleet_service_is_told_who_joins_and_its_settings_hold() {
    let mut bench = Bench::new(Ok(every(10.0, 4)));
    bench.join();
    let expected = json!({"id": "abc", "ip": "10.0.0.12", "name": "web-1", "rev": 4, "net": [1, 1], "load": [0, 0, 0]});
    assert_eq!(bench.next().await, (0, expected));
    assert_eq!([bench.next_time().await, bench.next_time().await], [10_000, 20_000]);

    let introduction = bench.introduced.recv().await.unwrap();
    assert_eq!([&introduction["id"], &introduction["ip"], &introduction["name"]], ["abc", "10.0.0.12", "web-1"]);
    assert_eq!(introduction["facts"]["os"], "Test");
}

#[tokio::test(start_paused = true)]
async fn without_a_fleet_service_the_defaults_hold_until_it_is_there() {
    let mut bench = Bench::new(absent());
    bench.join();
    let (at, sample) = bench.next().await;
    assert_eq!((at, &sample["rev"]), (0, &json!(0)));
    // Asking again and again doesn't disturb the ticks.
    for second in 1..=60 {
        assert_eq!(bench.next_time().await, second * 1000);
    }
    *bench.recorder.answer.lock().unwrap() = Ok(every(2.0, 1));
    let (at, sample) = loop {
        let next = bench.next().await;
        if next.1["rev"] == 1 {
            break next;
        }
    };
    assert!(at < 60_000 + 40_000, "only asked again after {at} ms");
    assert_eq!(sample["rev"], 1);
    assert_eq!(bench.next_time().await, at + 2000);
    let asked = std::iter::from_fn(|| bench.introduced.try_recv().ok()).count();
    assert!((4..12).contains(&asked), "asked {asked} times");
    // And no more after that.
    bench.count(Duration::from_secs(3600)).await;
    assert!(bench.introduced.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn settings_that_can_not_be_used_leave_the_old_ones() {
    let mut bench = Bench::new(Err(NoSettings::Refused("frequency 0.1".to_owned())));
    bench.join();
    assert_eq!(bench.next().await.1["rev"], 0);
    assert_eq!([bench.next_time().await, bench.next_time().await], [1000, 2000]);
    bench.introduced.recv().await.unwrap();
    assert!(bench.introduced.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_change_wakes_the_sleeping_loop() {
    let mut bench = Bench::new(Ok(every(3600.0, 1)));
    bench.join();
    assert_eq!(bench.next_time().await, 0);
    tokio::time::sleep(Duration::from_secs(100)).await;
    bench.push(every(0.25, 2));
    let (at, sample) = bench.next().await;
    assert_eq!((at, &sample["rev"]), (100_000, &json!(2)));
    assert_eq!([bench.next_time().await, bench.next_time().await], [100_250, 100_500]);
}

#[tokio::test(start_paused = true)]
async fn there_is_one_loop_after_any_number_of_rejoins() {
    let mut bench = Bench::new(Ok(every(1.0, 1)));
    for _ in 0..20 {
        bench.join();
        bench.next().await;
        bench.leave();
        bench.count(Duration::from_millis(10)).await;
        // Left and back before the loop looked.
        bench.join();
        bench.leave();
        bench.join();
        bench.next().await;
    }
    bench.count(Duration::from_millis(100)).await;
    let count = bench.count(Duration::from_secs(100)).await;
    assert!((99..=101).contains(&count), "{count} samples in 100 s");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_published_without_a_session() {
    let mut bench = Bench::new(Ok(every(1.0, 1)));
    bench.join();
    bench.next().await;
    bench.leave();
    assert_eq!(bench.count(Duration::from_secs(100)).await, 0);
    bench.join();
    // The counters were primed once more: the pause is not averaged in.
    assert_eq!(bench.next().await.1["net"], json!([2, 2]));
}

#[tokio::test(start_paused = true)]
async fn a_disabled_machine_says_so_and_is_silent() {
    let mut bench = Bench::new(Ok(every(1.0, 1)));
    bench.join();
    bench.next().await;
    bench.push(Settings { disabled: true, ..every(1.0, 2) });
    let (_, sample) = bench.next().await;
    assert_eq!(sample, json!({"id": "abc", "ip": "10.0.0.12", "name": "web-1", "rev": 2, "disabled": true}));
    assert_eq!(bench.count(Duration::from_secs(1000)).await, 0);

    // Another join says it once more, to those who were not there.
    *bench.recorder.answer.lock().unwrap() = Ok(Settings { disabled: true, ..every(1.0, 2) });
    bench.leave();
    bench.join();
    assert_eq!(bench.next().await.1["disabled"], true);
    assert_eq!(bench.count(Duration::from_secs(1000)).await, 0);

    bench.push(every(1.0, 3));
    let (at, sample) = bench.next().await;
    assert_eq!((&sample["rev"], &sample["net"]), (&json!(3), &json!([2, 2])));
    assert_eq!(bench.next_time().await, at + 1000);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_overtaken_is_not_applied() {
    let mut bench = Bench::new(Ok(every(5.0, 7)));
    bench.join();
    bench.push(Settings { show_cpus: false, ..every(5.0, 8) });
    let (_, sample) = bench.next().await;
    assert_eq!((&sample["rev"], sample.get("load")), (&json!(8), None));
    // The fleet service starts anew, with a lower revision: what comes last counts.
    bench.push(every(5.0, 2));
    assert_eq!(bench.next().await.1["rev"], 2);
}
