//! Which server is loaded: its address, and whether it may be.

use crate::failure::{Failure, Result};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs, UdpSocket};

/// A server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Where it listens for HTTP.
    pub address: SocketAddr,
}

impl Target {
    /// Reads `http://HOST:PORT`.
    ///
    /// # Errors
    /// HTTPS, a host that can't be resolved, and a host that is not this machine unless `i_own_this_server`.
    pub fn parse(url: &str, i_own_this_server: bool) -> Result<Self> {
        let usage = |text: String| Err(Failure::Usage(text));
        let Some(rest) = url.strip_prefix("http://") else {
            return usage(format!("{url}: the load generator speaks plain HTTP; name the server by http://HOST:PORT"));
        };
        let host = rest.trim_end_matches('/');
        let host = if host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
            host.to_owned()
        } else {
            format!("{host}:80")
        };
        // A name may have addresses of both families; servers that listen on one of them mostly listen on IPv4.
        let Some(address) = host.to_socket_addrs().ok().and_then(|addresses| addresses.min_by_key(SocketAddr::is_ipv6))
        else {
            return usage(format!("{url}: no such host"));
        };
        if !address.ip().is_loopback() && !i_own_this_server {
            return usage(format!(
                "{url} is another machine. Load only what is yours, and say so with --i-own-this-server"
            ));
        }
        Ok(Self { address })
    }

    /// Whether it is this machine.
    pub fn is_this_machine(&self) -> bool {
        self.address.ip().is_loopback()
    }

    /// The address of this machine that it is reached from.
    pub fn own_ip(&self) -> Result<IpAddr> {
        let any: IpAddr = if self.address.is_ipv4() { [0; 4].into() } else { [0; 16].into() };
        // Nothing is sent: connecting only picks the route, and with it the address.
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect(self.address)?;
        Ok(socket.local_addr()?.ip())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_loaded_without_asking() {
        for url in ["http://127.0.0.1:8080", "http://127.0.0.1:8080/", "http://[::1]:8080"] {
            assert_eq!(Target::parse(url, false).unwrap().address.port(), 8080, "{url}");
        }
        let target = Target::parse("http://127.0.0.1:8080", false).unwrap();
        assert!(target.is_this_machine() && target.own_ip().unwrap().is_loopback());
        assert_eq!(Target::parse("http://127.0.0.1", false).unwrap().address.port(), 80);
    }

    #[test]
    fn another_machine_only_by_its_owner() {
        assert!(matches!(Target::parse("http://192.0.2.1:80", false), Err(Failure::Usage(_))));
        assert!(Target::parse("http://192.0.2.1:80", true).is_ok());
    }

    #[test]
    fn what_is_no_plain_http_address_is_refused() {
        for url in ["https://127.0.0.1", "127.0.0.1:80", "http://", "http://127.0.0.1:99999"] {
            assert!(matches!(Target::parse(url, true), Err(Failure::Usage(_))), "{url}");
        }
    }
}
