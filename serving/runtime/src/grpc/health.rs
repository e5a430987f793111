//! The health service of gRPC: the server as a whole, under the empty name or the inference service's.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse, health_server};

use crate::served::Models;

/// How often a watched server is looked at.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// Health of these models at the moment.
#[derive(Clone)]
pub(super) struct Health(pub(super) Models);

impl Health {
    fn status(&self, service: &str) -> ServingStatus {
        match service {
            "" | "inference.GRPCInferenceService" if self.0.trouble().is_none() => ServingStatus::Serving,
            "" | "inference.GRPCInferenceService" => ServingStatus::NotServing,
            _ => ServingStatus::ServiceUnknown,
        }
    }

    /// The status now, and each later one that differs from the one before.
    fn watch(self, service: String) -> BoxStream<'static, Result<HealthCheckResponse, Status>> {
        let statuses = stream::unfold(None, move |last| {
            let (health, service) = (self.clone(), service.clone());
            async move {
                let mut status = health.status(&service);
                while last == Some(status) {
                    tokio::time::sleep(WATCH_EVERY).await;
                    status = health.status(&service);
                }
                Some((Ok(HealthCheckResponse { status: status.into() }), Some(status)))
            }
        });
        statuses.boxed()
    }
}

#[tonic::async_trait]
impl health_server::Health for Health {
    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        match self.status(&service) {
            ServingStatus::ServiceUnknown => {
                Err(Status::not_found(format!("service '{service}' is unknown")))
            }
            status => Ok(Response::new(HealthCheckResponse { status: status.into() })),
        }
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Ok(Response::new(self.clone().watch(request.into_inner().service)))
    }
}
