//! Who may come in by a transport.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::gate::{Gate, Roles, Rules};
use crate::auth::{Directory, Procedure, Remembered, Users};
use crate::configuration::auth::{Auth, Credential, Whom};
use crate::realm::Realms;
use crate::session::Authenticator;

/// The authenticator of a transport.
pub(super) fn authenticator(auth: &Auth, realms: &Arc<Realms>, roles: &Arc<Roles>) -> Arc<dyn Authenticator> {
    let mut users = Users::default();
    if let Some(anonymous) = &auth.anonymous {
        users = users.anonymous(anonymous.role.as_str());
    }
    let mut realm_of = BTreeMap::new();
    for principal in &auth.principals {
        let (authid, role) = (principal.authid.as_str(), principal.role.as_str());
        let methods: &[&str] = match &principal.credential {
            Credential::Ticket(_) => &["ticket"],
            Credential::Cra(_) => &["wampcra"],
            Credential::Scram(_) => &["scram", "wamp-scram"],
            Credential::Cryptosign(_) => &["cryptosign"],
            Credential::Certificate(_) => &["tls"],
        };
        if let Some(realm) = &principal.realm {
            realm_of.extend(methods.iter().map(|method| (((*method).to_owned(), authid.to_owned()), realm.clone())));
        }
        users = match principal.credential.clone() {
            Credential::Ticket(ticket) => users.ticket(authid, role, ticket),
            Credential::Cra(secret) => users.wampcra(authid, role, secret),
            Credential::Scram(secret) => users.scram(authid, role, secret),
            Credential::Cryptosign(key) => users.cryptosign(authid, role, key),
            Credential::Certificate(fingerprint) => users.certificate(authid, role, fingerprint),
        };
    }
    for asked in &auth.asked {
        let directory: Arc<dyn Directory> = match &asked.whom {
            Whom::Procedure { uri, realm, role, timeout } => {
                let mut procedure = Procedure::new(realms.clone(), uri.as_str());
                if let Some(realm) = realm {
                    procedure = procedure.in_realm(realm.as_str());
                }
                if let Some(role) = role {
                    procedure = procedure.called_as(role.as_str());
                }
                if let Some(timeout) = timeout {
                    procedure = procedure.timeout(*timeout);
                }
                Arc::new(procedure)
            }
            Whom::Webhook(webhook) => Arc::new(webhook.as_ref().clone()),
        };
        users = users.ask(asked.method, directory, asked.default_role.as_deref());
    }
    if let Some(tokens) = auth.tokens.clone() {
        users = users.jwt(tokens);
    }
    if let Some(role) = &auth.any_certificate {
        users = users.any_certificate(role.as_str());
    }
    if auth.binds_channel {
        users = users.require_channel_binding();
    }
    let nobody = auth.anonymous.as_ref().and_then(|anonymous| anonymous.authid.as_deref());
    let rules = Rules { roles: roles.clone(), realms: realm_of, nobody: nobody.map(Into::into) };
    let gate = Gate::new(Arc::new(users), rules);
    if auth.cookie { Arc::new(Remembered::new(Arc::new(gate))) } else { Arc::new(gate) }
}
