//! The URIs of errors and of reasons for closing a session. Specification: "Predefined URIs" (basic profile) and the
//! chapters of the advanced profile.

macro_rules! uris {
    ($($(#[$doc:meta])* $name:ident = $uri:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $uri;)*

        /// All of them.
        pub const ALL: &[&str] = &[$($uri),*];
    };
}

uris! {
    /// A URI that does not follow the rules (of the realm).
    INVALID_URI = "wamp.error.invalid_uri";
    /// A call to a procedure nobody has registered.
    NO_SUCH_PROCEDURE = "wamp.error.no_such_procedure";
    /// A registration of a procedure that is registered already.
    PROCEDURE_ALREADY_EXISTS = "wamp.error.procedure_already_exists";
    /// No registration of that id (for this session).
    NO_SUCH_REGISTRATION = "wamp.error.no_such_registration";
    /// No subscription of that id (for this session).
    NO_SUCH_SUBSCRIPTION = "wamp.error.no_such_subscription";
    /// Arguments the callee can't take.
    INVALID_ARGUMENT = "wamp.error.invalid_argument";
    /// The call was canceled, by the caller or because its callee left.
    CANCELED = "wamp.error.canceled";
    /// A message larger than the peer's transport takes.
    PAYLOAD_SIZE_EXCEEDED = "wamp.error.payload_size_exceeded";
    /// A message against the rules of the protocol.
    PROTOCOL_VIOLATION = "wamp.error.protocol_violation";
    /// The session may not do this.
    NOT_AUTHORIZED = "wamp.error.not_authorized";
    /// Whether the session may do this could not be found out.
    AUTHORIZATION_FAILED = "wamp.error.authorization_failed";
    /// A HELLO for a realm the router does not have.
    NO_SUCH_REALM = "wamp.error.no_such_realm";
    /// The role of the principal does not exist on the realm.
    NO_SUCH_ROLE = "wamp.error.no_such_role";

    /// None of the client's authentication methods is one the router offers.
    NO_MATCHING_AUTH_METHOD = "wamp.error.no_matching_auth_method";
    /// The principal does not exist.
    NO_SUCH_PRINCIPAL = "wamp.error.no_such_principal";
    /// The client could not prove who it is.
    AUTHENTICATION_DENIED = "wamp.error.authentication_denied";
    /// The authentication itself failed.
    AUTHENTICATION_FAILED = "wamp.error.authentication_failed";
    /// The realm takes no anonymous clients.
    AUTHENTICATION_REQUIRED = "wamp.error.authentication_required";
    /// The principal may not join the realm.
    AUTHORIZATION_DENIED = "wamp.error.authorization_denied";
    /// The principal needs an authorization to join the realm.
    AUTHORIZATION_REQUIRED = "wamp.error.authorization_required";
    /// The call took longer than its timeout.
    TIMEOUT = "wamp.error.timeout";
    /// An option this peer may not use.
    OPTION_NOT_ALLOWED = "wamp.error.option_not_allowed";
    /// The router does not disclose identities on this topic or procedure.
    OPTION_DISALLOWED_DISCLOSE_ME = "wamp.error.option_disallowed.disclose_me";
    /// A link between routers failed.
    NETWORK_FAILURE = "wamp.error.network_failure";
    /// The callee is there, but can't answer now.
    UNAVAILABLE = "wamp.error.unavailable";
    /// All callees of the procedure are busy, or have handed the call back.
    NO_AVAILABLE_CALLEE = "wamp.error.no_available_callee";
    /// The peer does not support a feature the request needs.
    FEATURE_NOT_SUPPORTED = "wamp.error.feature_not_supported";
    /// No session of that id.
    NO_SUCH_SESSION = "wamp.error.no_such_session";

    /// The callee's code failed. Not in the specification; what Autobahn and others send.
    RUNTIME_ERROR = "wamp.error.runtime_error";
}

/// Reasons for closing a session.
pub mod close {
    uris! {
        /// The router goes down.
        SYSTEM_SHUTDOWN = "wamp.close.system_shutdown";
        /// The client leaves the realm.
        CLOSE_REALM = "wamp.close.close_realm";
        /// The answer to a GOODBYE.
        GOODBYE_AND_OUT = "wamp.close.goodbye_and_out";
        /// The session was killed through the session meta API.
        KILLED = "wamp.close.killed";
        /// The client is not to be known again: a cookie it has is worth nothing any more (Crossbar.io).
        LOGOUT = "wamp.close.logout";
        /// What the session was opened with, a token, is good no more. Not in the specification.
        EXPIRED = "wamp.close.expired";
        /// All is done.
        NORMAL = "wamp.close.normal";
    }
}

/// The URI to emit for one that a peer may spell in another way the specification has (or had).
pub fn canonical(uri: &str) -> &str {
    match uri {
        "wamp.error.cancelled" => CANCELED,
        "wamp.error.disclose_me.not_allowed" => OPTION_DISALLOWED_DISCLOSE_ME,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use crate::Uri;

    #[test]
    fn every_uri_is_one_and_reserved() {
        for uri in super::ALL.iter().chain(super::close::ALL) {
            assert!(Uri::parse(*uri).expect("a URI").is_reserved(), "{uri}");
        }
    }
}
