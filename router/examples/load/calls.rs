//! Calls: callers, each with so many under way, and callees that answer at once.

use std::time::{Duration, Instant};

use anyhow::bail;

use crate::cpu::Meter;
use crate::poll::Poll;
use crate::protocol::{Protocol, Said, Template};
use crate::socket::{Scratch, Socket};
use crate::{Calls, Done, Phase};

enum Side {
    Caller(Template),
    Callee,
}

pub(crate) fn run<P: Protocol>(protocol: &P, work: Calls, phase: &Phase) -> anyhow::Result<Done> {
    let mut poll = Poll::new()?;
    let mut sides = Vec::new();
    let procedure = |at: usize| format!("com.example.load.p{}", at % work.callees);
    for at in 0..work.callees {
        let mut stream = protocol.open()?;
        protocol.register(&mut stream, &procedure(at))?;
        sides.push((Socket::new(stream)?, Side::Callee));
    }
    for at in 0..work.callers {
        let mut stream = protocol.open()?;
        let template = protocol.caller(&mut stream, &procedure(at), work.payload)?;
        sides.push((Socket::new(stream)?, Side::Caller(template)));
    }
    for (number, (socket, side)) in sides.iter_mut().enumerate() {
        poll.add(&socket.stream, number)?;
        if let Side::Caller(template) = side {
            for _ in 0..work.in_flight {
                template.append(&mut socket.out);
            }
            socket.flush()?;
        }
    }

    let answer = protocol.callee(work.payload);
    let mut scratch = Scratch::new();
    let start = Instant::now();
    let (begin, end) = (start + phase.warmup, start + phase.warmup + phase.counted);
    let mut meter = None;
    let mut answered = 0;
    loop {
        let now = Instant::now();
        if meter.is_none() && now >= begin {
            meter = Some(Meter::read(phase, answered)?);
        }
        if let Some(meter) = meter.filter(|_| now >= end) {
            return meter.until(phase, answered);
        }
        for number in poll.wait(Duration::from_millis(100))? {
            let (socket, side) = &mut sides[number];
            socket.read(&mut scratch, |input, out| {
                let mut taken = 0;
                while let Some(frame) = protocol.frame(&input[taken..])? {
                    match (frame.said, &mut *side) {
                        (Said::Invocation(call), Side::Callee) => answer.append(call, out),
                        (Said::Result, Side::Caller(template)) => {
                            answered += 1;
                            template.append(out);
                        }
                        (Said::Aside, _) => {}
                        (other, _) => bail!("a call or a result was due and this came: {other:?}"),
                    }
                    taken += frame.length;
                }
                Ok(taken)
            })?;
            socket.flush()?;
        }
    }
}
