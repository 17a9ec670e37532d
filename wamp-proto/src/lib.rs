//! The WAMP protocol, pure: messages, serializers, URIs and patterns, no sockets and no clock.
