//! Who may do what in a realm.

use std::sync::Arc;

use crate::configuration::realm::{RealmSettings, Rule};
use crate::realm::{Authorizer, Permissions};

/// The permissions of a realm's roles.
pub(super) fn of(realm: &RealmSettings) -> Arc<dyn Authorizer> {
    let mut permissions = Permissions::default();
    for role in &realm.roles {
        permissions = match &role.rule {
            Rule::Permissions(list) => permissions.role(role.name.as_str(), list.iter().cloned()),
            Rule::Authorizer { procedure, timeout: None } => permissions.authorizer(role.name.as_str(), procedure),
            Rule::Authorizer { procedure, timeout: Some(timeout) } => {
                permissions.authorizer_within(role.name.as_str(), procedure, *timeout)
            }
        };
    }
    Arc::new(permissions)
}
