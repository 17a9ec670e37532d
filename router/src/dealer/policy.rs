//! Which of several callees of one registration gets a call.

use std::fmt;

/// How calls are spread over the callees of a shared registration.
///
/// Specification: "Shared Registration" (advanced profile).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum InvocationPolicy {
    /// There is one callee and there will be no other.
    #[default]
    Single,
    /// One after the other, in the order they registered.
    RoundRobin,
    /// Any one.
    Random,
    /// The one that registered first and is still there.
    First,
    /// The one that registered last.
    Last,
}

impl InvocationPolicy {
    /// The policy a REGISTER asks for; `None` if the name is unknown.
    pub(crate) fn parse(name: Option<&str>) -> Option<Self> {
        Some(match name.unwrap_or("single") {
            "single" => Self::Single,
            "roundrobin" => Self::RoundRobin,
            "random" => Self::Random,
            "first" => Self::First,
            "last" => Self::Last,
            _ => return None,
        })
    }

    /// The index of the callee for the next call, of `callees` in the order they registered.
    /// `turn` counts the calls so far.
    pub(crate) fn pick(self, callees: usize, turn: usize) -> usize {
        match self {
            Self::Single | Self::First => 0,
            Self::RoundRobin => turn % callees.max(1),
            Self::Random => fastrand::usize(..callees.max(1)),
            Self::Last => callees.saturating_sub(1),
        }
    }
}

impl fmt::Display for InvocationPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Single => "single",
            Self::RoundRobin => "roundrobin",
            Self::Random => "random",
            Self::First => "first",
            Self::Last => "last",
        })
    }
}
