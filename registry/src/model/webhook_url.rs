//! Addresses of webhooks: which schemes they may have, and which hosts.
//!
//! A receiver is wherever the caller says, and the server may reach what the caller may not. So an address must be a
//! public one, unless the operator allows others: names are looked up when a webhook is made, and once more for every
//! connection, because a name may lead elsewhere by then.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use forebay_core::invalid::Invalid;
use forebay_core::python;
use url::{Host, ParseError, Url};

/// Where webhooks may lead; the operator decides.
#[derive(Debug, Clone)]
pub struct UrlRules {
    /// Schemes that are accepted, in lower case: `https` unless tests need another.
    pub schemes: Vec<String>,
    /// Whether loopback, private and other addresses that are not public are accepted.
    pub private_hosts: PrivateHosts,
}

/// What becomes of an address that is not public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateHosts {
    /// Nothing is sent there.
    Refused,
    /// It is like any other.
    Allowed,
}

/// An address with a scheme that is accepted, and with a host.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct WebhookUrl {
    text: String,
    url: Url,
}

impl WebhookUrl {
    /// Checks all but where a name leads.
    pub(crate) fn parse(text: &str, rules: &UrlRules) -> Result<Self, Invalid> {
        let shown = || python::literal(&text);
        if text.trim().is_empty() {
            return Err(Invalid::message(format!(
                "Webhook URL cannot be empty or just whitespace: {}",
                shown()
            )));
        }
        let parsed = Url::parse(text);
        let scheme = match &parsed {
            Ok(url) => url.scheme().to_owned(),
            Err(ParseError::RelativeUrlWithoutBase) => String::new(),
            Err(_) => text.split(':').next().unwrap_or_default().to_ascii_lowercase(),
        };
        if !rules.schemes.contains(&scheme) {
            return Err(Invalid::message(format!(
                "Invalid webhook URL scheme: {}. Allowed schemes are: {}.",
                python::literal(&scheme),
                rules.schemes.join(", ")
            )));
        }
        let no_host = || Invalid::message(format!("Webhook URL must include a hostname: {}", shown()));
        let url = match parsed {
            Ok(url) if url.host().is_none() => return Err(no_host()),
            Ok(url) => url,
            Err(ParseError::EmptyHost) => return Err(no_host()),
            Err(error) => return Err(Invalid::message(format!("Invalid webhook URL {}: {error}", shown()))),
        };
        let url = WebhookUrl { text: text.to_owned(), url };
        match url.ip() {
            Some(ip) => rules.check(&url.host(), ip).map(|()| url),
            None => Ok(url),
        }
    }

    /// As it was given.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// The host as it is written.
    pub(crate) fn host(&self) -> String {
        self.url.host_str().unwrap_or_default().to_owned()
    }

    /// The host if it is an address itself; a name has to be looked up.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        ip_of(&self.url)
    }
}

/// The host alone: the rest may hold a password.
impl fmt::Debug for WebhookUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "WebhookUrl({}://{}…)", self.url.scheme(), self.host())
    }
}

/// The host of a URL if it is an address, in whatever spelling.
pub(crate) fn ip_of(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
        Host::Ipv6(ip) => Some(IpAddr::V6(ip)),
        Host::Domain(_) => None,
    }
}

impl UrlRules {
    /// Refuses an address that a host has or leads to, if it must be public and is not.
    pub(crate) fn check(&self, host: &str, ip: IpAddr) -> Result<(), Invalid> {
        if self.permits(ip) {
            return Ok(());
        }
        Err(Invalid::message(format!(
            "Webhook URL must not resolve to a non-public IP address. {} resolves to {ip}.",
            python::literal(&host)
        )))
    }

    pub(crate) fn permits(&self, ip: IpAddr) -> bool {
        self.private_hosts == PrivateHosts::Allowed || is_public(ip)
    }
}

/// Whether an address is one of the public internet. Those that carry another one are judged by it.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => embedded_v4(ip).map_or_else(|| is_public_v6(ip), is_public_v4),
    }
}

/// By IANA's registry of special addresses.
fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b));
    !special
}

/// What is given out is `2000::/3`, but for the ranges for protocols (`2001::/23`) and for documentation.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let is_given_out = first & 0xe000 == 0x2000;
    let is_special =
        (first == 0x2001 && (second < 0x200 || second == 0xdb8)) || (first == 0x3fff && second < 0x1000);
    is_given_out && !is_special
}

/// The address inside of one that is mapped, that goes through NAT64, or that is of 6to4.
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = ip.segments();
    let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, _, _, _, _, _] => Some(join(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(private_hosts: PrivateHosts) -> UrlRules {
        UrlRules { schemes: vec!["https".to_owned()], private_hosts }
    }

    fn refusal(text: &str) -> String {
        WebhookUrl::parse(text, &rules(PrivateHosts::Refused)).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_address_is_told_in_mlflows_words() {
        assert_eq!(refusal(" "), "Webhook URL cannot be empty or just whitespace: ' '");
        for (text, scheme) in [("http://a.example/", "http"), ("not-a-url", ""), ("FTP://x", "ftp")] {
            let expected = format!("Invalid webhook URL scheme: '{scheme}'. Allowed schemes are: https.");
            assert_eq!(refusal(text), expected);
        }
        assert_eq!(refusal("https://"), "Webhook URL must include a hostname: 'https://'");
        assert!(refusal("https://a.example:x/").starts_with("Invalid webhook URL 'https://a.example:x/': "));
    }

    #[test]
    fn no_spelling_of_an_address_that_is_not_public_gets_by() {
        for host in [
            "127.0.0.1",
            "127.1",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "2130706433",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "0.0.0.0",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:a00:1]",
            "[64:ff9b::a9fe:a9fe]",
            "[2002:7f00:1::]",
            "[64:ff9b:1::1]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[ff02::1]",
            "[2001:db8::1]",
            "[2001::1]",
            "[::7f00:1]",
            "[3fff::1]",
        ] {
            let refusal = refusal(&format!("https://{host}/hook"));
            assert!(
                refusal.starts_with("Webhook URL must not resolve to a non-public IP address. '"),
                "{refusal}"
            );
            let allowed = WebhookUrl::parse(&format!("https://{host}/"), &rules(PrivateHosts::Allowed));
            assert!(allowed.is_ok(), "{host}");
        }
    }

    #[test]
    fn public_addresses_and_names_are_taken_as_they_are_written() {
        for host in [
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "198.20.0.1",
            "[2606:4700::1111]",
            "[::ffff:8.8.8.8]",
            "[64:ff9b::808:808]",
            "[2002:808:808::]",
            "hooks.example.com",
        ] {
            let text = format!("HTTPS://{host}/Path?q=1");
            let url = WebhookUrl::parse(&text, &rules(PrivateHosts::Refused)).unwrap();
            assert_eq!(url.as_str(), text);
        }
    }

    #[test]
    fn what_may_be_a_password_is_not_shown() {
        let url =
            WebhookUrl::parse("https://u:hunter2@a.example/t0ken", &rules(PrivateHosts::Refused)).unwrap();
        assert_eq!(format!("{url:?}"), "WebhookUrl(https://a.example…)");
    }
}
