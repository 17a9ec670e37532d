//! Who gets an event. Specification: "Subscriber Black- and Whitelisting", "Publisher Exclusion" (advanced profile).

use std::borrow::Cow;

/// The methods of builders with [`PublishOptions`](wamp_proto::message::options::PublishOptions) that say who gets the event.
macro_rules! audience {
    () => {
        /// Only for these sessions.
        pub fn eligible(mut self, sessions: impl IntoIterator<Item = wamp_proto::SessionId>) -> Self {
            self.options().audience.get_or_insert_default().eligible = Some(sessions.into_iter().collect());
            self
        }

        /// Only for sessions of these authids.
        pub fn eligible_authid<S: Into<String>>(mut self, authids: impl IntoIterator<Item = S>) -> Self {
            self.options().audience.get_or_insert_default().eligible_authid =
                Some($crate::client::audience::texts(authids));
            self
        }

        /// Only for sessions of these roles.
        pub fn eligible_authrole<S: Into<String>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
            self.options().audience.get_or_insert_default().eligible_authrole =
                Some($crate::client::audience::texts(roles));
            self
        }

        /// Not for these sessions.
        pub fn exclude(mut self, sessions: impl IntoIterator<Item = wamp_proto::SessionId>) -> Self {
            self.options().audience.get_or_insert_default().exclude = Some(sessions.into_iter().collect());
            self
        }

        /// Not for sessions of these authids.
        pub fn exclude_authid<S: Into<String>>(mut self, authids: impl IntoIterator<Item = S>) -> Self {
            self.options().audience.get_or_insert_default().exclude_authid =
                Some($crate::client::audience::texts(authids));
            self
        }

        /// Not for sessions of these roles.
        pub fn exclude_authrole<S: Into<String>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
            self.options().audience.get_or_insert_default().exclude_authrole =
                Some($crate::client::audience::texts(roles));
            self
        }
    };
}

pub(super) use audience;

pub(super) fn texts<S: Into<String>>(texts: impl IntoIterator<Item = S>) -> Vec<Cow<'static, str>> {
    texts.into_iter().map(|text| Cow::Owned(text.into())).collect()
}
