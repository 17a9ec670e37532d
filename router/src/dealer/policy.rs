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

    /// The name, as options have it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::RoundRobin => "roundrobin",
            Self::Random => "random",
            Self::First => "first",
            Self::Last => "last",
        }
    }

    /// The callees to try for the next call, as indices into `callees` in the order they
    /// registered. All but the first are for when those before are busy. `turn` counts the calls
    /// so far.
    pub(crate) fn order(self, callees: usize, turn: usize) -> impl Iterator<Item = usize> {
        let start = match self {
            Self::Single | Self::First | Self::Last => 0,
            Self::RoundRobin => turn % callees.max(1),
            Self::Random => fastrand::usize(..callees.max(1)),
        };
        let backwards = self == Self::Last;
        (start..callees).chain(0..start).map(move |index| if backwards { callees - 1 - index } else { index })
    }
}

impl fmt::Display for InvocationPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
