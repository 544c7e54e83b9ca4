//! The UDP port: receiving and sending many datagrams with one call.
//!
//! Sending one by one, most of the time goes into the kernel's way for each
//! packet. With UDP GSO (`UDP_SEGMENT`) a burst to one viewer goes that way once.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ops::Range;
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};

/// Datagrams taken by one `recvmmsg`.
pub(super) const RECEIVE_BATCH: usize = 32;
/// Longest datagram taken; WebRTC stays below an Ethernet MTU.
const DATAGRAM_BYTES: usize = 2_048;
/// Messages given to one `sendmmsg`.
const SEND_BATCH: usize = 64;
/// Bytes that are sent as soon as they wait: not more than stays in the cache.
const SEND_BYTES: usize = 256 * 1_024;
/// Room asked of the kernel for each direction.
const SOCKET_BUFFER_BYTES: usize = 8 << 20;
/// How long to wait for room to send, and how often, before dropping.
const SEND_WAIT_MS: i32 = 5;
const SEND_WAITS: u32 = 4;
/// Hosts to which bursts were refused, one after the other with none taken
/// between, before it is the port that can't segment and not a path.
const REFUSING: usize = 8;
/// After so long a port that couldn't segment is tried again: what refused may
/// have been paths after all, or routes that are others now.
const GSO_AGAIN: Duration = Duration::from_secs(60);
/// The most that a datagram holds on Ethernet, over IPv4. That larger ones can't
/// be made of a burst says nothing of the port.
const ETHERNET_BYTES: usize = 1_472;
const CONTROL_BYTES: usize = 32;

/// What sending did since it was last asked.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Sent {
    pub(super) gso: u64,
    pub(super) single: u64,
    pub(super) dropped: u64,
}

/// Datagrams to one peer, one behind the other.
#[derive(Debug, Clone)]
struct Burst {
    to: SocketAddr,
    bytes: Range<usize>,
    segment: usize,
}

impl Burst {
    fn datagrams(&self) -> usize {
        self.bytes.len().div_ceil(self.segment)
    }

    /// Each datagram by itself.
    fn split(self) -> impl Iterator<Item = Burst> {
        let Burst { to, bytes, segment } = self;
        let end = bytes.end;
        bytes.step_by(segment).map(move |at| Burst { to, bytes: at..end.min(at + segment), segment })
    }
}

#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL_BYTES]);

pub(super) struct UdpPort {
    socket: Socket,
    v6: bool,
    gso: bool,
    /// When it is tried again whether the port can segment.
    gso_again: Option<Instant>,
    /// Hosts to which bursts were refused since one was taken.
    refusing: Vec<IpAddr>,
    /// What is to be sent is written at its end.
    pub(super) room: Vec<u8>,
    bursts: VecDeque<Burst>,
    pub(super) sent: Sent,
    receive_buffers: Vec<[u8; DATAGRAM_BYTES]>,
}

impl UdpPort {
    /// `shared`: more sockets of this program are to have the same port.
    pub(super) fn bind(address: SocketAddr, shared: bool) -> io::Result<UdpPort> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        socket.set_nonblocking(true)?;
        if shared {
            socket.set_reuse_port(true)?;
        }
        // The kernel gives what its limits permit.
        let _ = socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES);
        let _ = socket.set_send_buffer_size(SOCKET_BUFFER_BYTES);
        socket.bind(&address.into())?;
        let gso = supports_gso(socket.as_raw_fd());
        Ok(UdpPort {
            v6: address.is_ipv6(),
            socket,
            gso,
            gso_again: None,
            refusing: Vec::new(),
            room: Vec::with_capacity(2 * SEND_BYTES),
            bursts: VecDeque::with_capacity(SEND_BATCH),
            sent: Sent::default(),
            receive_buffers: vec![[0; DATAGRAM_BYTES]; RECEIVE_BATCH],
        })
    }

    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()?.as_socket().ok_or_else(|| io::Error::other("a UDP socket without an address"))
    }

    /// Takes what waits, at most [`RECEIVE_BATCH`] datagrams; how many it was.
    pub(super) fn receive(&mut self, mut each: impl FnMut(SocketAddr, &[u8], &mut Self)) -> usize {
        let mut buffers = mem::take(&mut self.receive_buffers);
        // SAFETY: all-zero is a valid value of these C structs; every pointer
        // put into them outlives the call; the kernel fills at most `iov_len`.
        let count = unsafe {
            let mut names: [libc::sockaddr_storage; RECEIVE_BATCH] = mem::zeroed();
            let mut vectors: [libc::iovec; RECEIVE_BATCH] = mem::zeroed();
            let mut headers: [libc::mmsghdr; RECEIVE_BATCH] = mem::zeroed();
            for at in 0..RECEIVE_BATCH {
                vectors[at].iov_base = buffers[at].as_mut_ptr().cast();
                vectors[at].iov_len = DATAGRAM_BYTES;
                headers[at].msg_hdr.msg_name = (&raw mut names[at]).cast();
                headers[at].msg_hdr.msg_namelen = mem::size_of::<libc::sockaddr_storage>() as u32;
                headers[at].msg_hdr.msg_iov = &raw mut vectors[at];
                headers[at].msg_hdr.msg_iovlen = 1;
            }
            let taken = libc::recvmmsg(
                self.socket.as_raw_fd(),
                headers.as_mut_ptr(),
                RECEIVE_BATCH as u32,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            );
            let taken = usize::try_from(taken).unwrap_or(0);
            for at in 0..taken {
                let truncated = headers[at].msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
                if let Some(from) = read_address(&names[at])
                    && !truncated
                {
                    let length = (headers[at].msg_len as usize).min(DATAGRAM_BYTES);
                    each(from, &buffers[at][..length], self);
                }
            }
            taken
        };
        self.receive_buffers = buffers;
        count
    }

    /// Takes what was written from `start` on, as datagrams of `segment` bytes;
    /// [`UdpPort::flush`] sends it, or much that waits does.
    pub(super) fn launch(&mut self, to: SocketAddr, start: usize, segment: usize) {
        let bytes = start..self.room.len();
        if bytes.is_empty() {
            return;
        }
        let burst = Burst { to, bytes, segment };
        if self.gso {
            self.bursts.push_back(burst);
        } else {
            self.bursts.extend(burst.split());
        }
        if self.bursts.len() >= SEND_BATCH || self.room.len() >= SEND_BYTES {
            self.flush();
        }
    }

    pub(super) fn flush(&mut self) {
        if self.gso_again.is_some() {
            self.try_again(Instant::now());
        }
        let mut waits = 0;
        while !self.bursts.is_empty() {
            match self.send_some() {
                Ok(sent) => {
                    for burst in self.bursts.drain(..sent) {
                        if burst.datagrams() > 1 {
                            self.sent.gso += 1;
                            self.refusing.clear();
                        } else {
                            self.sent.single += 1;
                        }
                    }
                    waits = 0;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && waits < SEND_WAITS => {
                    waits += 1;
                    self.wait_for_room();
                }
                Err(error) => self.give_up(&error),
            }
        }
        self.room.clear();
    }

    /// The first of what waits was refused. A burst goes one by one then: its
    /// datagrams may be larger than the path takes, and are fragmented alone.
    fn give_up(&mut self, error: &io::Error) {
        let Some(first) = self.bursts.pop_front() else { return };
        if first.datagrams() == 1 || error.kind() == io::ErrorKind::WouldBlock {
            self.sent.dropped += first.datagrams() as u64;
            return;
        }
        if self.cannot_segment(&first, error) {
            self.gso = false;
            self.gso_again = Some(Instant::now() + GSO_AGAIN);
            self.refusing.clear();
            let left = mem::take(&mut self.bursts);
            self.bursts = std::iter::once(first).chain(left).flat_map(Burst::split).collect();
            return;
        }
        for datagram in first.split().collect::<Vec<_>>().into_iter().rev() {
            self.bursts.push_front(datagram);
        }
    }

    /// Whether it is the port that refused this burst, by all that was refused.
    /// An unreachable client, say, is its own affair.
    fn cannot_segment(&mut self, burst: &Burst, error: &io::Error) -> bool {
        match error.raw_os_error() {
            Some(libc::EIO | libc::EOPNOTSUPP | libc::ENOPROTOOPT) => true,
            Some(libc::EINVAL | libc::EMSGSIZE) if burst.segment <= ETHERNET_BYTES => {
                let host = burst.to.ip();
                if !self.refusing.contains(&host) {
                    self.refusing.push(host);
                }
                self.refusing.len() >= REFUSING
            }
            _ => false,
        }
    }

    fn try_again(&mut self, now: Instant) {
        if self.gso_again.is_some_and(|again| now >= again) {
            (self.gso, self.gso_again) = (true, None);
        }
    }

    fn wait_for_room(&self) {
        let mut poll = libc::pollfd { fd: self.socket.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
        // SAFETY: one valid `pollfd`.
        unsafe { libc::poll(&raw mut poll, 1, SEND_WAIT_MS) };
    }

    /// One `sendmmsg`; how many bursts the kernel took.
    fn send_some(&self) -> io::Result<usize> {
        // SAFETY: all-zero is a valid value of these C structs; every pointer
        // put into them outlives the call; `sendmmsg` only reads the contents.
        unsafe {
            let mut names: [libc::sockaddr_storage; SEND_BATCH] = mem::zeroed();
            let mut vectors: [libc::iovec; SEND_BATCH] = mem::zeroed();
            let mut headers: [libc::mmsghdr; SEND_BATCH] = mem::zeroed();
            let mut controls = [Control([0; CONTROL_BYTES]); SEND_BATCH];
            let mut count = 0;
            for (index, burst) in self.bursts.iter().take(SEND_BATCH).enumerate() {
                let header = &mut headers[index].msg_hdr;
                header.msg_name = (&raw mut names[index]).cast();
                header.msg_namelen = write_address(&mut names[index], burst.to, self.v6);
                let bytes = &self.room[burst.bytes.clone()];
                vectors[index].iov_base = bytes.as_ptr().cast_mut().cast();
                vectors[index].iov_len = bytes.len();
                header.msg_iov = &raw mut vectors[index];
                header.msg_iovlen = 1;
                if burst.datagrams() > 1 {
                    header.msg_control = controls[index].0.as_mut_ptr().cast();
                    header.msg_controllen = libc::CMSG_SPACE(mem::size_of::<u16>() as u32) as _;
                    let control = libc::CMSG_FIRSTHDR(header);
                    (*control).cmsg_level = libc::SOL_UDP;
                    (*control).cmsg_type = libc::UDP_SEGMENT;
                    (*control).cmsg_len = libc::CMSG_LEN(mem::size_of::<u16>() as u32) as _;
                    libc::CMSG_DATA(control).cast::<u16>().write_unaligned(burst.segment as u16);
                }
                count += 1;
            }
            let sent = libc::sendmmsg(
                self.socket.as_raw_fd(),
                headers.as_mut_ptr(),
                count,
                libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
            );
            usize::try_from(sent).map_err(|_| io::Error::last_os_error())
        }
    }
}

impl AsRawFd for UdpPort {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

fn supports_gso(socket: RawFd) -> bool {
    let segment: libc::c_int = 0;
    // SAFETY: the option takes an int; 0 leaves segmentation to each send.
    let outcome = unsafe {
        libc::setsockopt(
            socket,
            libc::SOL_UDP,
            libc::UDP_SEGMENT,
            (&raw const segment).cast(),
            mem::size_of::<libc::c_int>() as u32,
        )
    };
    outcome == 0
}

fn read_address(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match i32::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says what the storage holds.
            let address = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr));
            Some(SocketAddr::V4(SocketAddrV4::new(ip, u16::from_be(address.sin_port))))
        }
        libc::AF_INET6 => {
            // SAFETY: the family says what the storage holds.
            let address = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(address.sin6_addr.s6_addr);
            let port = u16::from_be(address.sin6_port);
            Some(match ip.to_ipv4_mapped() {
                Some(v4) => SocketAddr::new(IpAddr::V4(v4), port),
                None => SocketAddr::V6(SocketAddrV6::new(ip, port, 0, address.sin6_scope_id)),
            })
        }
        _ => None,
    }
}

/// Writes an address for a socket of this family; its length.
fn write_address(storage: &mut libc::sockaddr_storage, address: SocketAddr, v6_socket: bool) -> u32 {
    let v6 = match address {
        SocketAddr::V4(v4) if !v6_socket => {
            let name = libc::sockaddr_in {
                sin_family: libc::AF_INET as u16,
                sin_port: v4.port().to_be(),
                sin_addr: libc::in_addr { s_addr: u32::from(*v4.ip()).to_be() },
                sin_zero: [0; 8],
            };
            // SAFETY: `sockaddr_storage` has room and alignment for every family.
            unsafe { (&raw mut *storage).cast::<libc::sockaddr_in>().write(name) };
            return mem::size_of::<libc::sockaddr_in>() as u32;
        }
        SocketAddr::V4(v4) => SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0),
        SocketAddr::V6(v6) => v6,
    };
    let name = libc::sockaddr_in6 {
        sin6_family: libc::AF_INET6 as u16,
        sin6_port: v6.port().to_be(),
        sin6_flowinfo: 0,
        sin6_addr: libc::in6_addr { s6_addr: v6.ip().octets() },
        sin6_scope_id: v6.scope_id(),
    };
    // SAFETY: `sockaddr_storage` has room and alignment for every family.
    unsafe { (&raw mut *storage).cast::<libc::sockaddr_in6>().write(name) };
    mem::size_of::<libc::sockaddr_in6>() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_arrives_as_it_was_sent_with_and_without_gso() {
        for (listen, gso) in [("127.0.0.1:0", true), ("127.0.0.1:0", false), ("[::]:0", true)] {
            let receiver = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
            receiver.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
            let to = receiver.local_addr().unwrap();
            let Ok(mut port) = UdpPort::bind(listen.parse().unwrap(), false) else { continue };
            port.gso &= gso;
            let bursts: [&[usize]; 4] = [&[1_100, 1_100, 1_099], &[1_200; 3], &[40], &[1]];
            for sizes in bursts {
                let start = port.room.len();
                for size in sizes {
                    port.room.extend(vec![*size as u8; *size]);
                }
                port.launch(to, start, sizes[0]);
            }
            port.flush();
            for size in bursts.concat() {
                let mut buffer = [0; 2_000];
                let length = receiver.recv(&mut buffer).unwrap();
                assert_eq!(buffer[..length], vec![size as u8; size]);
            }
            assert_eq!(port.sent.dropped, 0);
            let sends = if port.gso { (2, 2) } else { (0, 8) };
            assert_eq!((port.sent.gso, port.sent.single), sends);
        }
    }

    fn receiver() -> (std::net::UdpSocket, SocketAddr) {
        receiver_at(1)
    }

    /// One on the host 127.0.0.`host`.
    fn receiver_at(host: u8) -> (std::net::UdpSocket, SocketAddr) {
        let receiver = std::net::UdpSocket::bind(SocketAddr::from(([127, 0, 0, host], 0))).unwrap();
        receiver.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
        let to = receiver.local_addr().unwrap();
        (receiver, to)
    }

    /// A burst of so many datagrams of ten bytes. The kernel takes no more than
    /// 128 at once, and refuses more as it does what is above a path's MTU.
    fn burst(port: &mut UdpPort, to: SocketAddr, datagrams: usize) {
        let start = port.room.len();
        port.room.resize(start + 10 * datagrams, 1);
        port.launch(to, start, 10);
    }

    #[test]
    fn what_one_path_refuses_goes_there_one_by_one_and_others_get_theirs_at_once() {
        let mut port = UdpPort::bind("127.0.0.1:0".parse().unwrap(), false).unwrap();
        assert!(port.gso);
        let ((narrow, narrow_at), (wide, wide_at)) = (receiver(), receiver());
        for _ in 0..2 * REFUSING {
            burst(&mut port, narrow_at, 150);
            burst(&mut port, wide_at, 3);
            port.flush();
            let mut buffer = [0; 100];
            for _ in 0..150 {
                assert_eq!(narrow.recv(&mut buffer).unwrap(), 10);
            }
            for _ in 0..3 {
                assert_eq!(wide.recv(&mut buffer).unwrap(), 10);
            }
        }
        assert!(port.gso);
        let times = 2 * REFUSING as u64;
        assert_eq!((port.sent.dropped, port.sent.single, port.sent.gso), (0, 150 * times, times));
        // However often it is the only one there is.
        for _ in 0..2 * REFUSING {
            burst(&mut port, narrow_at, 150);
            port.flush();
        }
        assert!(port.gso);
    }

    #[test]
    fn a_port_where_every_path_refuses_sends_one_by_one_and_is_tried_again() {
        let mut port = UdpPort::bind("127.0.0.1:0".parse().unwrap(), false).unwrap();
        let receivers: Vec<_> = (1..=REFUSING as u8).map(receiver_at).collect();
        for (at, (_, to)) in receivers.iter().enumerate() {
            assert!(port.gso, "after {at}");
            burst(&mut port, *to, 150);
            port.flush();
        }
        assert!(!port.gso);
        assert_eq!((port.sent.dropped, port.sent.gso), (0, 0));
        let again = port.gso_again.unwrap();
        port.try_again(again - Duration::from_millis(1));
        assert!(!port.gso);
        port.try_again(again);
        burst(&mut port, receivers[0].1, 3);
        port.flush();
        assert!(port.gso);
        assert_eq!(port.sent.gso, 1);
    }

    #[test]
    fn what_is_refused_to_one_host_or_for_its_size_or_its_route_does_not_count_against_the_port() {
        let mut port = UdpPort::bind("127.0.0.1:0".parse().unwrap(), false).unwrap();
        let receivers: Vec<_> = (1..=REFUSING as u8).map(receiver_at).collect();
        let clients: Vec<_> = (0..REFUSING).map(|_| receiver()).collect();
        for (_, to) in &clients {
            burst(&mut port, *to, 150);
            port.flush();
        }
        assert!(port.gso, "many clients of one host");
        for (_, to) in &receivers {
            // All of it is more than one send may be, as larger than a path's MTU is.
            port.room.resize(50 * (ETHERNET_BYTES + 1), 1);
            port.launch(*to, 0, ETHERNET_BYTES + 1);
            port.flush();
        }
        assert!(port.gso, "larger than Ethernet takes");
        for (_, to) in &receivers {
            burst(&mut port, *to, 2);
            port.give_up(&io::Error::from_raw_os_error(libc::ENETUNREACH));
            port.bursts.clear();
        }
        assert!(port.gso, "no route to them");
        let single = REFUSING as u64 * (150 + 50);
        assert_eq!((port.sent.single, port.sent.gso, port.sent.dropped), (single, 0, 0));
    }

    #[test]
    fn a_device_that_does_not_segment_gets_one_by_one_and_what_fails_is_dropped() {
        let mut port = UdpPort::bind("127.0.0.1:0".parse().unwrap(), false).unwrap();
        let (receiver, to) = receiver();
        // No datagram can have so many bytes: refused, and refused again alone.
        port.room = vec![1; 70_000];
        port.bursts.push_back(Burst { to, bytes: 0..70_000, segment: 69_000 });
        port.flush();
        assert_eq!((port.sent.dropped, port.sent.single), (1, 1));
        assert!(port.gso);
        burst(&mut port, to, 2);
        port.give_up(&io::Error::from_raw_os_error(libc::EIO));
        assert!(!port.gso);
        burst(&mut port, to, 1);
        port.flush();
        let mut buffer = [0; 2_000];
        let lengths: Vec<usize> = (0..4).map(|_| receiver.recv(&mut buffer).unwrap()).collect();
        assert_eq!(lengths, [1_000, 10, 10, 10]);
    }

    #[test]
    fn receives_many_at_once_with_their_senders() {
        let mut port = UdpPort::bind("127.0.0.1:0".parse().unwrap(), false).unwrap();
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for size in 1..=RECEIVE_BATCH {
            sender.send_to(&vec![7; size], port.local_addr().unwrap()).unwrap();
        }
        let mut sizes = Vec::new();
        let from = sender.local_addr().unwrap();
        while sizes.len() < RECEIVE_BATCH {
            port.receive(|source, bytes, _| {
                assert_eq!(source, from);
                sizes.push(bytes.len());
            });
        }
        assert_eq!(sizes, (1..=RECEIVE_BATCH).collect::<Vec<_>>());
    }
}
