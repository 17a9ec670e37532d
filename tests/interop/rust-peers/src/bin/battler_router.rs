//! battler-wamp's router, for `cargo xtask bench`: with a realm for everybody, and no limit that a load would reach.

use std::time::Duration;

use battler_wamp::router::{
    EmptyConnectionPolicies, EmptyPubSubPolicies, EmptyRpcPolicies, RealmAuthenticationConfig, RealmConfig,
    RouterConfig, RouterLimitsConfig, new_web_socket_router,
};
use battler_wamp_uri::Uri;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let port = std::env::args().nth(1).ok_or_else(|| anyhow::anyhow!("on which port?"))?.parse()?;
    let realm = RealmConfig {
        name: "realm1".to_owned(),
        uri: Uri::try_from("realm1")?,
        authentication: RealmAuthenticationConfig::default(),
    };
    let limits = RouterLimitsConfig {
        max_connections: None,
        max_connections_per_ip: None,
        rate_limit_burst: u32::MAX,
        rate_limit_refill_per_sec: u32::MAX,
        idle_timeout: Some(Duration::from_secs(3600)),
        ..RouterLimitsConfig::default()
    };
    let config = RouterConfig { port, realms: vec![realm], limits, ..RouterConfig::default() };
    let router = new_web_socket_router(
        config,
        Box::new(EmptyConnectionPolicies::default()),
        Box::new(EmptyPubSubPolicies::default()),
        Box::new(EmptyRpcPolicies::default()),
    )?;
    let (_router, serving) = router.start().await?;
    Ok(serving.await?)
}
