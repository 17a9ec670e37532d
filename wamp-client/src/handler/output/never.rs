//! `!` as what a handler returns: a function that runs `loop { … }` until its session ends.

use super::{Output, Recipient, Returning};

/// Marks what never returns.
#[derive(Debug)]
pub enum ViaNever {}

/// `!`, which can't be written as a type yet, but be had from a function that returns it.
type Never = <fn() -> ! as Returns>::Type;

trait Returns {
    type Type;
}

impl<T> Returns for fn() -> T {
    type Type = T;
}

#[diagnostic::do_not_recommend]
#[allow(private_interfaces, reason = "the private trait only stands for a public type")]
impl Output<ViaNever> for Never {
    fn returning(self, _: Recipient) -> Returning {
        self
    }
}
