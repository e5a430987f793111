//! Free TCP ports on the loopback address.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result};

/// A port that was free a moment ago.
pub(crate) fn any_free() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

/// `wanted` if nothing listens there.
pub(crate) fn find_free(wanted: u16) -> Option<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, wanted)).ok().map(|_| wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_not_free() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert_eq!(find_free(listener.local_addr().unwrap().port()), None);
    }
}
