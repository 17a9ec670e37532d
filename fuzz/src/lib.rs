//! What holds whatever bytes come. The targets in `bin/` feed it with what libFuzzer makes up; the tests of wamp-proto
//! and wamp-router take these files in by their path and feed them with `corpus/` and `regressions/`.

pub mod codec;
pub mod framing;
pub mod inputs;
pub mod realm;
