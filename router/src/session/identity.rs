//! Who a session is.

/// Who a session is, as the router established it. Told to the session itself in WELCOME and to
/// others where they may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The principal.
    pub authid: Box<str>,
    /// The role the principal acts in.
    pub authrole: Box<str>,
    /// How the session proved who it is.
    pub authmethod: Box<str>,
    /// Who checked the proof.
    pub authprovider: Box<str>,
}
