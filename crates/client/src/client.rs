//! [`Client`]: an address, credentials, and the one door through which every request goes.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::Service;
use url::Url;

use crate::transport::Transport;
use crate::{Error, RetryPolicy};

/// What requests to a service in this process are addressed to; it goes nowhere.
const NOWHERE: &str = "http://localhost";

/// A client of one tracking server. Cloning it is cheap; clones share connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    transport: Transport,
    /// Without a slash at its end.
    base: String,
    options: Options,
}

/// Everything about a client but the address.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Who asks.
    pub credentials: Credentials,
    /// What is asked again, and when.
    pub retry: RetryPolicy,
    /// How long to wait for what.
    pub timeouts: Timeouts,
}

/// Who asks; the caller reads `MLFLOW_TRACKING_USERNAME` and its like.
#[derive(Clone, Default)]
pub enum Credentials {
    /// Nobody in particular.
    #[default]
    None,
    /// A user with a password.
    Basic {
        /// The user's name.
        user: String,
        /// The user's password.
        password: String,
    },
    /// Whoever holds this token.
    Bearer(String),
}

/// How long to wait for what.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until the answer to one try of a request is there.
    pub request: Duration,
    /// Until an artifact is up or down.
    pub transfer: Duration,
}

impl Default for Timeouts {
    /// 10 s to connect, 2 min for a request as in the stock client, an hour for an artifact.
    fn default() -> Self {
        Timeouts {
            connect: Duration::from_secs(10),
            request: Duration::from_mins(2),
            transfer: Duration::from_hours(1),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            Credentials::None => "None",
            Credentials::Basic { .. } => "Basic(…)",
            Credentials::Bearer(_) => "Bearer(…)",
        })
    }
}

impl Client {
    /// A client without credentials for the server at an `http` or `https` address, such as
    /// `http://127.0.0.1:5000`; a path is the server's static prefix.
    ///
    /// # Errors
    /// [`Error::Address`].
    pub fn new(tracking_uri: &str) -> Result<Self, Error> {
        Client::with_options(tracking_uri, Options::default())
    }

    /// The same with credentials, retries and timeouts of the caller's choice.
    ///
    /// # Errors
    /// [`Error::Address`].
    pub fn with_options(tracking_uri: &str, options: Options) -> Result<Self, Error> {
        let base = parse_address(tracking_uri)?;
        let http = reqwest::Client::builder().connect_timeout(options.timeouts.connect).build()?;
        Ok(Client { transport: Transport::Network(http.clone()), http, base, options })
    }

    /// A client of a server that is a service in this process, such as an axum router. Nothing goes over a
    /// network, and nobody else can ask. Timeouts are the service's own.
    ///
    /// # Errors
    /// [`Error::Transport`] when the system gives no random numbers or certificates.
    pub fn in_process<S, B>(service: S, options: Options) -> Result<Self, Error>
    where
        S: Service<http::Request<reqwest::Body>, Response = http::Response<B>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        // It only puts requests together; without certificates to read it is made at once.
        let http = reqwest::Client::builder().no_proxy().tls_built_in_root_certs(false).build()?;
        Ok(Client { http, transport: Transport::in_process(service), base: NOWHERE.to_owned(), options })
    }

    /// Asks with a query. A path without a slash before it is below MLflow's API, here as below.
    pub(crate) async fn get<A: DeserializeOwned>(
        &self,
        path: &str,
        query: &impl Serialize,
    ) -> Result<A, Error> {
        let request = self.request(Method::GET, &with_query(&api(path), query)?);
        self.decoded(path, request).await
    }

    /// Asks with a JSON body.
    pub(crate) async fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<A, Error> {
        self.ask(Method::POST, path, body).await
    }

    /// As [`Client::post`], by the method of changes.
    pub(crate) async fn patch<A: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<A, Error> {
        self.ask(Method::PATCH, path, body).await
    }

    /// As [`Client::post`], by the method of deletions.
    pub(crate) async fn delete<A: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<A, Error> {
        self.ask(Method::DELETE, path, body).await
    }

    /// Asks with a message, which is a query or a body as the method wants it.
    pub(crate) async fn ask<A: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        message: &impl Serialize,
    ) -> Result<A, Error> {
        if method == Method::GET {
            return self.get(path, message).await;
        }
        self.decoded(path, self.request(method, &api(path)).json(message)).await
    }

    /// A request for an artifact, which may take as long as artifacts take.
    pub(crate) fn transfer(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).timeout(self.options.timeouts.transfer)
    }

    /// Sends a request until it is answered for good; anything but success is an error. A body that is a
    /// stream can be sent once.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Response, Error> {
        let (mut current, mut n_tries) = (request, 1);
        loop {
            let again = current.try_clone();
            let outcome = match current.build() {
                Ok(request) => self.transport.carry(request).await,
                Err(error) => Err(error),
            };
            let wait = self.options.retry.wait(n_tries, &outcome);
            let (Some(wait), Some(next)) = (wait, again) else { return successful(outcome?).await };
            tokio::time::sleep(wait).await;
            (current, n_tries) = (next, n_tries + 1);
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.base);
        let request = self.http.request(method, url).timeout(self.options.timeouts.request);
        match &self.options.credentials {
            Credentials::None => request,
            Credentials::Basic { user, password } => request.basic_auth(user, Some(password)),
            Credentials::Bearer(token) => request.bearer_auth(token),
        }
    }

    async fn decoded<A: DeserializeOwned>(&self, path: &str, request: RequestBuilder) -> Result<A, Error> {
        let body = self.send(request).await?.bytes().await?;
        serde_json::from_slice(&body)
            .map_err(|error| Error::Decode { endpoint: path.to_owned(), reason: error.to_string() })
    }
}

fn api(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/api/2.0/mlflow/{path}") }
}

/// The path with a message as its query, in which fields that repeat stand once for each value.
pub(crate) fn with_query(path: &str, message: &impl Serialize) -> Result<String, Error> {
    let unfit = |error: serde_html_form::ser::Error| Error::Encode {
        endpoint: path.to_owned(),
        reason: error.to_string(),
    };
    let query = serde_html_form::to_string(message).map_err(unfit)?;
    Ok(if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") })
}

async fn successful(response: Response) -> Result<Response, Error> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    Err(Error::from_answer(status, &response.bytes().await?))
}

fn parse_address(uri: &str) -> Result<String, Error> {
    // The text may hold a password, so an error repeats it only once it is known to have none.
    let refuse = |uri: &str, reason: &str| Error::Address { uri: uri.to_owned(), reason: reason.to_owned() };
    let url = Url::parse(uri).map_err(|error| refuse("…", &error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("…@…", "credentials do not belong into the address"));
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse(uri, "it must begin with http:// or https://"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse(uri, "it must have no '?' and no '#'"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_http_without_credentials_query_or_fragment() {
        assert_eq!(parse_address("http://h:1/prefix/").unwrap(), "http://h:1/prefix");
        for uri in ["", "mlruns", "file:///x", "http://u:secret@h", "http://h/?a", "http://h/#a"] {
            let error = parse_address(uri).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn credentials_do_not_show_in_debug_output() {
        let basic = Credentials::Basic { user: "ann".to_owned(), password: "secret".to_owned() };
        let shown =
            format!("{basic:?} {:?} {:?}", Credentials::Bearer("secret".to_owned()), Credentials::None);
        assert_eq!(shown, "Basic(…) Bearer(…) None");
    }
}
