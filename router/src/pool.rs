//! Buffers shared by the connections a thread serves: an idle connection owns none.

use std::cell::RefCell;

/// Bytes of the buffers kept for a thread, all together.
const KEPT: usize = 6 << 20;

/// The largest buffer kept: there is room for what some bursts of 64 KiB come to while a peer is written to. Larger
/// ones are memory new from the operating system each time, which then costs several times what it is filled for.
const LARGEST: usize = 512 << 10;

/// What a thread keeps.
#[derive(Default)]
struct Pool {
    buffers: Vec<Vec<u8>>,
    /// Their capacity.
    bytes: usize,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

/// An empty buffer, with capacity if one is at hand.
pub(crate) fn take() -> Vec<u8> {
    POOL.with_borrow_mut(|pool| {
        let buffer = pool.buffers.pop().unwrap_or_default();
        pool.bytes -= buffer.capacity();
        buffer
    })
}

/// Hands a buffer back for the next taker.
pub(crate) fn give(mut buffer: Vec<u8>) {
    let capacity = buffer.capacity();
    if capacity == 0 || capacity > LARGEST {
        return;
    }
    buffer.clear();
    // A thread that is ending has no pool any more; the buffer is then simply freed.
    let _ = POOL.try_with(|pool| {
        let mut pool = pool.borrow_mut();
        if pool.bytes + capacity <= KEPT {
            pool.bytes += capacity;
            pool.buffers.push(buffer);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_and_the_largest_is_not() {
        std::thread::spawn(|| {
            give(Vec::with_capacity(LARGEST + 1));
            assert_eq!(take().capacity(), 0, "it is too large");
            for _ in 0..2 * KEPT / LARGEST {
                give(Vec::with_capacity(LARGEST));
            }
            let kept = std::iter::repeat_with(take).take_while(|buffer| buffer.capacity() > 0);
            assert_eq!(kept.map(|buffer| buffer.capacity()).sum::<usize>(), KEPT);
            assert_eq!(POOL.with_borrow(|pool| pool.bytes), 0);
        })
        .join()
        .expect("a thread with a pool of its own");
    }
}
