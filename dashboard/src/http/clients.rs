//! `POST /clients/`, for agents that speak only HTTP.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use serde::Deserialize;

use crate::MachineId;
use crate::service::FleetService;
use crate::store::{Report, StoreError};

/// What such an agent knows of itself.
#[derive(Debug, Deserialize)]
pub(super) struct Client {
    ip: String,
}

/// The settings of the machine with this address; creates it if it is new.
pub(super) async fn settings(State(service): State<Arc<FleetService>>, Form(client): Form<Client>) -> Response {
    let Ok(ip) = client.ip.trim().parse::<IpAddr>() else {
        let shown: String = client.ip.chars().take(80).collect();
        let message = format!("ip: {shown:?} is no IP address\n");
        return (StatusCode::UNPROCESSABLE_ENTITY, message).into_response();
    };
    let report = Report::default().with_ip(ip);
    match service.report(MachineId::from(ip), report, None).await {
        Ok(settings) => Json(settings).into_response(),
        Err(error @ StoreError::Full) => (StatusCode::INSUFFICIENT_STORAGE, format!("{error}\n")).into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "settings not stored");
            (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response()
        }
    }
}
