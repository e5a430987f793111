//! [`Server`]: what answers for models, over HTTP and gRPC.

use std::io;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tonic::transport::Server as Grpc;
use tonic::transport::server::TcpIncoming;

use crate::served::Models;
use crate::{grpc, http};

/// Requests that a gRPC connection may have under way.
const MAX_STREAMS: u32 = 256;

/// How often a gRPC connection that keeps still is asked whether it still is one.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// What all requests share. Cloning it is cheap.
#[derive(Clone)]
pub struct Server {
    /// Those that are served.
    pub models: Models,
    /// How long a request may take that names no deadline, and the longest that it may name.
    pub patience: Duration,
    /// The longest body or message, in bytes.
    pub body_bytes: usize,
}

impl Server {
    /// Everything that is answered over HTTP, without layers.
    pub fn routes(&self) -> Router {
        http::routes::routes(self.clone())
    }

    /// Answers the Open Inference Protocol over gRPC until `stop` resolves, and what was asked before.
    pub async fn serve_grpc(&self, listener: TcpListener, stop: impl Future<Output = ()>) -> io::Result<()> {
        let routes = grpc::routes::routes(self).map_err(io::Error::other)?;
        let connections = TcpIncoming::from(listener).with_nodelay(Some(true));
        let served = Grpc::builder()
            .max_concurrent_streams(MAX_STREAMS)
            .concurrency_limit_per_connection(MAX_STREAMS as usize)
            .http2_keepalive_interval(Some(KEEP_ALIVE))
            .add_routes(routes)
            .serve_with_incoming_shutdown(connections, stop);
        served.await.map_err(io::Error::other)
    }
}
