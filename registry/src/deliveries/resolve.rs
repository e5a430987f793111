//! Looking up names, so that none leads where a webhook may not lead.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use forebay_core::invalid::Invalid;
use forebay_core::python;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::send::Blocked;
use crate::model::webhook_url::{PrivateHosts, UrlRules, WebhookUrl};

/// How long a name may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Names that are looked up at once: each keeps a thread busy, and who makes webhooks chooses how long.
const MAX_LOOKUPS: usize = 16;

/// Looks names up, and refuses those that lead to an address that is not public.
#[derive(Clone)]
pub(crate) struct Resolver {
    rules: Arc<UrlRules>,
    lookups: Arc<Semaphore>,
}

/// Why a name leads nowhere.
enum LookupError {
    Failed(io::Error),
    NotPublic(Invalid),
}

impl Resolver {
    pub(crate) fn new(rules: Arc<UrlRules>) -> Self {
        Resolver { rules, lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)) }
    }

    /// Checks where an address leads now. When private hosts are allowed nothing is looked up, as in MLflow.
    pub(crate) async fn check(&self, url: &WebhookUrl) -> Result<(), Invalid> {
        // One that is an address itself was checked when it was read.
        if self.rules.private_hosts == PrivateHosts::Allowed || url.ip().is_some() {
            return Ok(());
        }
        let host = url.host();
        match self.look_up(&host).await {
            Ok(_) => Ok(()),
            Err(LookupError::NotPublic(refusal)) => Err(refusal),
            Err(LookupError::Failed(error)) => {
                let host = python::literal(&host);
                Err(Invalid::message(format!("Cannot resolve Webhook URL hostname {host}: {error}")))
            }
        }
    }

    async fn look_up(&self, host: &str) -> Result<Vec<SocketAddr>, LookupError> {
        let looked_up = timeout(PATIENCE, async {
            let _permit = self.lookups.acquire().await;
            lookup_host((host, 0)).await
        });
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "looking it up took too long");
        let found = looked_up.await.map_err(late).flatten().map_err(LookupError::Failed)?;
        let addresses: Vec<_> = found.collect();
        for address in &addresses {
            self.rules.check(host, address.ip()).map_err(LookupError::NotPublic)?;
        }
        Ok(addresses)
    }
}

/// For every new connection.
impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            match resolver.look_up(name.as_str()).await {
                Ok(addresses) => Ok(Box::new(addresses.into_iter()) as Addrs),
                Err(LookupError::NotPublic(refusal)) => Err(Blocked(refusal.to_string()).into()),
                Err(LookupError::Failed(error)) => Err(error.into()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolver(private_hosts: PrivateHosts) -> Resolver {
        Resolver::new(Arc::new(UrlRules { schemes: vec!["https".to_owned()], private_hosts }))
    }

    async fn check(text: &str, private_hosts: PrivateHosts) -> Result<(), Invalid> {
        let resolver = resolver(private_hosts);
        let url = WebhookUrl::parse(text, &resolver.rules).unwrap();
        resolver.check(&url).await
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused_unless_it_is_allowed() {
        let url = "https://localhost:1234/hook";
        let refusal = check(url, PrivateHosts::Refused).await.unwrap_err().to_string();
        let begins = "Webhook URL must not resolve to a non-public IP address. 'localhost' resolves to ";
        assert!(refusal.starts_with(begins), "{refusal}");
        assert_eq!(check(url, PrivateHosts::Allowed).await, Ok(()));
    }

    #[tokio::test]
    async fn a_name_that_leads_nowhere_is_told_as_such() {
        let refusal = check("https://nowhere.invalid/", PrivateHosts::Refused).await.unwrap_err().to_string();
        assert!(refusal.starts_with("Cannot resolve Webhook URL hostname 'nowhere.invalid': "), "{refusal}");
        // Nothing is looked up where any address would do.
        assert_eq!(check("https://nowhere.invalid/", PrivateHosts::Allowed).await, Ok(()));
    }

    #[tokio::test]
    async fn a_connection_is_refused_too() {
        let resolver = resolver(PrivateHosts::Refused);
        let Err(refusal) = resolver.resolve("localhost".parse().unwrap()).await else { panic!("no refusal") };
        assert!(refusal.is::<Blocked>(), "{refusal}");
    }
}
