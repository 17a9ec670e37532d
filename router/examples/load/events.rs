//! Events: publishers, each as far ahead of its slowest subscriber as it may be.

use std::time::{Duration, Instant};

use anyhow::bail;

use crate::cpu::Meter;
use crate::poll::Poll;
use crate::protocol::{Protocol, Said, Template, number};
use crate::socket::{Scratch, Socket};
use crate::{Done, Events, Phase};

struct Topic {
    publisher: Socket,
    template: Template,
    subscribers: Vec<Subscriber>,
}

struct Subscriber {
    socket: Socket,
    received: u64,
}

/// Which topic a watched socket belongs to, and which subscriber of it, if it is one.
type Place = (usize, Option<usize>);

pub(crate) fn run<P: Protocol>(protocol: &P, work: Events, phase: &Phase) -> anyhow::Result<Done> {
    let mut poll = Poll::new()?;
    let mut places: Vec<Place> = Vec::new();
    let mut topics = Vec::new();
    for at in 0..work.topics {
        let name = format!("com.example.load.t{at}");
        let mut subscribers = Vec::new();
        for subscriber in 0..work.subscribers {
            let mut stream = protocol.open()?;
            match subscriber < work.by_prefix {
                true => protocol.subscribe_to_prefix(&mut stream, &name)?,
                false => protocol.subscribe(&mut stream, &name)?,
            }
            poll.add(&stream, places.len())?;
            places.push((at, Some(subscriber)));
            subscribers.push(Subscriber { socket: Socket::new(stream)?, received: 0 });
        }
        let mut stream = protocol.open()?;
        let template = protocol.publisher(&mut stream, &name, work.payload)?;
        poll.add(&stream, places.len())?;
        places.push((at, None));
        topics.push(Topic { publisher: Socket::new(stream)?, template, subscribers });
    }

    let mut scratch = Scratch::new();
    let start = Instant::now();
    let (begin, end) = (start + phase.warmup, start + phase.warmup + phase.counted);
    let mut meter = None;
    let mut received = 0;
    let mut touched = vec![true; topics.len()];
    loop {
        let now = Instant::now();
        if meter.is_none() && now >= begin {
            meter = Some(Meter::read(phase, received)?);
        }
        if let Some(meter) = meter.filter(|_| now >= end) {
            return meter.until(phase, received);
        }
        for (topic, touched) in topics.iter_mut().zip(&mut touched) {
            if std::mem::take(touched) || work.rate.is_some() {
                publish(topic, work, now - start)?;
            }
        }
        let limit = match work.rate {
            Some(rate) => Duration::from_secs(1) / rate / 4,
            None => Duration::from_millis(100),
        };
        for number in poll.wait(limit)? {
            let (at, subscriber) = places[number];
            touched[at] = true;
            let topic = &mut topics[at];
            received += match subscriber {
                Some(subscriber) => receive(protocol, &mut topic.subscribers[subscriber], work, &mut scratch)?,
                None => {
                    receive_aside(protocol, &mut topic.publisher, &mut scratch)?;
                    0
                }
            };
        }
    }
}

/// Publishes what may be published by now.
fn publish(topic: &mut Topic, work: Events, passed: Duration) -> anyhow::Result<()> {
    let sent = topic.template.sent();
    let slowest = topic.subscribers.iter().map(|subscriber| subscriber.received).min().unwrap_or(sent);
    let room = work.window - (sent - slowest);
    let wanted = match work.rate {
        // One at a time: that is how they come at a low rate.
        Some(rate) => room.min(((passed.as_secs_f64() * f64::from(rate)) as u64).saturating_sub(sent)).min(1),
        // Not in driblets, which would measure how many system calls this makes.
        None if room < work.window / 4 => 0,
        None => room,
    };
    for _ in 0..wanted {
        topic.template.append(&mut topic.publisher.out);
    }
    topic.publisher.flush()
}

fn receive<P: Protocol>(
    protocol: &P,
    subscriber: &mut Subscriber,
    work: Events,
    scratch: &mut Scratch,
) -> anyhow::Result<u64> {
    let before = subscriber.received;
    let received = &mut subscriber.received;
    subscriber.socket.read(scratch, |input, _| {
        let mut taken = 0;
        while let Some(frame) = protocol.frame(&input[taken..])? {
            match frame.said {
                Said::Event(event) => {
                    if work.check && number(event, work.payload, P::TRAILER(protocol)) != Some(*received) {
                        bail!("event {received} was due and this came: {}", String::from_utf8_lossy(event));
                    }
                    *received += 1;
                }
                Said::Aside => {}
                other => bail!("an event was due and this came: {other:?}"),
            }
            taken += frame.length;
        }
        Ok(taken)
    })?;
    Ok(subscriber.received - before)
}

fn receive_aside<P: Protocol>(protocol: &P, socket: &mut Socket, scratch: &mut Scratch) -> anyhow::Result<()> {
    socket.read(scratch, |input, _| {
        let mut taken = 0;
        while let Some(frame) = protocol.frame(&input[taken..])? {
            if let Said::Failure(what) = frame.said {
                bail!("a publisher is told: {}", String::from_utf8_lossy(what));
            }
            taken += frame.length;
        }
        Ok(taken)
    })
}
