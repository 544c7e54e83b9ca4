//! Addresses to announce when none are configured.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Addresses announced at most: a client checks each of them.
const ANNOUNCED: usize = 8;

/// The addresses by which clients may reach a socket bound to `bound`.
pub(super) fn announced(bound: SocketAddr, configured: &[SocketAddr]) -> Vec<SocketAddr> {
    let with_port = |address: &SocketAddr| {
        let mut address = *address;
        if address.port() == 0 {
            address.set_port(bound.port());
        }
        address
    };
    let mut addresses: Vec<SocketAddr> = if !configured.is_empty() {
        configured.iter().map(with_port).collect()
    } else if !bound.ip().is_unspecified() {
        vec![bound]
    } else {
        local_ips(bound.is_ipv6()).into_iter().map(|ip| SocketAddr::new(ip, bound.port())).collect()
    };
    addresses.truncate(ANNOUNCED);
    addresses
}

/// Addresses of the interfaces that are up; loopback only where there is no other.
fn local_ips(with_v6: bool) -> Vec<IpAddr> {
    let mut ips = Vec::new();
    let mut list: *mut libc::ifaddrs = std::ptr::null_mut();
    // SAFETY: `getifaddrs` fills `list`, which is walked while it is valid and
    // freed once; addresses are read by the family they declare.
    unsafe {
        if libc::getifaddrs(&mut list) != 0 {
            return vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
        }
        let mut entry = list;
        while let Some(interface) = entry.as_ref() {
            let up = interface.ifa_flags & libc::IFF_UP as libc::c_uint != 0;
            if up && !interface.ifa_addr.is_null() {
                match i32::from((*interface.ifa_addr).sa_family) {
                    libc::AF_INET => {
                        let address = interface.ifa_addr.cast::<libc::sockaddr_in>().read_unaligned();
                        ips.push(IpAddr::V4(Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr))));
                    }
                    libc::AF_INET6 if with_v6 => {
                        let address = interface.ifa_addr.cast::<libc::sockaddr_in6>().read_unaligned();
                        ips.push(IpAddr::V6(Ipv6Addr::from(address.sin6_addr.s6_addr)));
                    }
                    _ => {}
                }
            }
            entry = interface.ifa_next;
        }
        libc::freeifaddrs(list);
    }
    let link_local = |ip: &IpAddr| matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local());
    let mut reachable: Vec<IpAddr> = ips.iter().copied().filter(|ip| !ip.is_loopback() && !link_local(ip)).collect();
    reachable.dedup();
    if reachable.is_empty() { vec![IpAddr::V4(Ipv4Addr::LOCALHOST)] } else { reachable }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configured_before_bound_before_interfaces() {
        let bound: SocketAddr = "127.0.0.1:5000".parse().unwrap();
        assert_eq!(announced(bound, &[]), [bound]);
        let public = ["203.0.113.9:0".parse().unwrap(), "203.0.113.9:443".parse().unwrap()];
        let announced_addresses: Vec<String> = announced(bound, &public).iter().map(SocketAddr::to_string).collect();
        assert_eq!(announced_addresses, ["203.0.113.9:5000", "203.0.113.9:443"]);
        let any = announced("0.0.0.0:5000".parse().unwrap(), &[]);
        assert!(!any.is_empty() && any.iter().all(|address| address.is_ipv4() && !address.ip().is_unspecified()));
    }
}
