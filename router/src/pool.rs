//! Buffers shared by the connections a thread serves: an idle connection owns none.

use std::cell::RefCell;

/// Buffers kept for a thread.
const KEPT: usize = 64;
/// The largest buffer kept; a burst of 64 KiB and its headers fit.
const LARGEST: usize = 96 << 10;

thread_local! {
    static POOL: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer, with capacity if one is at hand.
pub(crate) fn take() -> Vec<u8> {
    POOL.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// Hands a buffer back for the next taker.
pub(crate) fn give(mut buffer: Vec<u8>) {
    if buffer.capacity() == 0 || buffer.capacity() > LARGEST {
        return;
    }
    buffer.clear();
    // A thread that is ending has no pool any more; the buffer is then simply freed.
    let _ = POOL.try_with(|pool| {
        let mut pool = pool.borrow_mut();
        if pool.len() < KEPT {
            pool.push(buffer);
        }
    });
}
