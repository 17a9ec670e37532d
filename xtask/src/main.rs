//! The workspace's tasks: test, bench.

fn main() {}
