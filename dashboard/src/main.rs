//! A fleet of machines, live on one screen.

fn main() {}
