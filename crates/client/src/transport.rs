//! Who carries a request to the server: a network, or a call inside of this process.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyDataStream;
use reqwest::{Body, Request, Response};
use tower::{Service, ServiceExt as _};

type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

#[derive(Clone)]
pub(crate) enum Transport {
    Network(reqwest::Client),
    InProcess(Arc<dyn Fn(http::Request<Body>) -> Answering + Send + Sync>),
}

impl Transport {
    /// Calls `service` for each request; bodies pass through as streams.
    pub(crate) fn in_process<S, B>(service: S) -> Self
    where
        S: Service<http::Request<Body>, Response = http::Response<B>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        Transport::InProcess(Arc::new(move |request| {
            let answering = service.clone().oneshot(request);
            Box::pin(async move {
                let Ok(response) = answering.await;
                Response::from(response.map(|body| Body::wrap_stream(BodyDataStream::new(body))))
            })
        }))
    }

    /// Takes a request there and brings the answer.
    pub(crate) async fn carry(&self, request: Request) -> reqwest::Result<Response> {
        match self {
            Transport::Network(http) => http.execute(request).await,
            Transport::InProcess(call) => Ok(call(request.try_into()?).await),
        }
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            Transport::Network(_) => "Network",
            Transport::InProcess(_) => "InProcess",
        })
    }
}
