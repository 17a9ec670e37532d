//! Frames not yet being written, from which the oldest events can be dropped.

use std::collections::VecDeque;

use super::{Class, Framing};
use crate::pool;

/// Complete frames in order.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    bytes: Vec<u8>,
    /// Which bytes are events, as lengths of runs of one class. Kept only if events may be
    /// dropped from the middle.
    runs: Option<VecDeque<Run>>,
}

#[derive(Debug)]
struct Run {
    length: usize,
    class: Class,
}

impl Backlog {
    pub(super) fn track_classes(&mut self, track: bool) {
        self.runs = track.then(VecDeque::new);
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn push(&mut self, frames: &[u8], class: Class) {
        if self.bytes.capacity() == 0 {
            self.bytes = pool::take();
        }
        self.bytes.extend_from_slice(frames);
        if let Some(runs) = &mut self.runs {
            match runs.back_mut() {
                Some(run) if run.class == class => run.length += frames.len(),
                _ => runs.push_back(Run { length: frames.len(), class }),
            }
        }
    }

    /// Takes everything out.
    pub(super) fn take(&mut self) -> Vec<u8> {
        if let Some(runs) = &mut self.runs {
            runs.clear();
        }
        std::mem::take(&mut self.bytes)
    }

    /// Drops events from the front until `room` bytes are free or none is left; answers how many.
    pub(super) fn drop_oldest(&mut self, framing: Framing, room: usize) -> u64 {
        let Some(runs) = &mut self.runs else { return 0 };
        let mut freed = 0;
        let mut dropped = 0;
        let mut start = 0;
        for run in runs.iter_mut() {
            if freed >= room {
                break;
            }
            if run.class == Class::Event {
                let mut gone = 0;
                for frame in framing.split(&self.bytes[start..start + run.length]) {
                    if freed + gone >= room {
                        break;
                    }
                    gone += frame.whole.len();
                    dropped += 1;
                }
                self.bytes.drain(start..start + gone);
                run.length -= gone;
                freed += gone;
            }
            start += run.length;
        }
        runs.retain(|run| run.length > 0);
        dropped
    }
}
