//! A UDP socket that is read many datagrams at a time: `recvmmsg` with generic receive offload.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};

/// Messages taken by one system call.
const BATCH: usize = 16;
/// The largest message: datagrams that the kernel joined.
const MESSAGE_MAX_BYTES: usize = 65_535;
/// Room for what the kernel holds between two reads.
const RECEIVE_BUFFER_BYTES: usize = 1 << 20;
const CONTROL_BYTES: usize = 64;

/// A bound, non-blocking UDP socket.
pub struct Datagrams {
    socket: UdpSocket,
    local: SocketAddr,
}

impl AsRawFd for Datagrams {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl Datagrams {
    /// Binds a free port of `ip`.
    pub fn bind(ip: IpAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(SocketAddr::new(ip, 0)), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
        socket.bind(&SocketAddr::new(ip, 0).into())?;
        let on: libc::c_int = 1;
        // Without it the kernel splits joined datagrams again, in the sender's time when both are on one machine.
        // SAFETY: the option takes one int. Kernels without it refuse, and single datagrams arrive.
        unsafe {
            let value = (&raw const on).cast();
            libc::setsockopt(socket.as_raw_fd(), libc::SOL_UDP, libc::UDP_GRO, value, size_of_val(&on) as u32);
        }
        let socket: UdpSocket = socket.into();
        let local = socket.local_addr()?;
        Ok(Self { socket, local })
    }

    /// Where it is bound.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Sends one datagram; a full buffer loses it, as a network would.
    pub fn send(&self, to: SocketAddr, bytes: &[u8]) {
        let _ = self.socket.send_to(bytes, to);
    }
}

/// The memory for one read, shared by all sockets of a thread.
pub struct Batch {
    bytes: Vec<u8>,
    control: Vec<u8>,
    names: Vec<libc::sockaddr_storage>,
    headers: Vec<libc::mmsghdr>,
    iovecs: Vec<libc::iovec>,
}

impl Batch {
    /// Memory for [`BATCH`] messages.
    pub fn new() -> Self {
        // SAFETY: all-zero is a valid value of these C structs.
        let (name, header): (libc::sockaddr_storage, libc::mmsghdr) =
            unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        Self {
            bytes: vec![0; BATCH * MESSAGE_MAX_BYTES],
            control: vec![0; BATCH * CONTROL_BYTES],
            names: vec![name; BATCH],
            headers: vec![header; BATCH],
            iovecs: vec![libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 }; BATCH],
        }
    }

    /// Reads once and gives every datagram with its sender to `each`.
    pub fn receive(&mut self, socket: &Datagrams, mut each: impl FnMut(SocketAddr, &[u8])) {
        for index in 0..BATCH {
            let iovec = &mut self.iovecs[index];
            iovec.iov_base = self.bytes[index * MESSAGE_MAX_BYTES..].as_mut_ptr().cast();
            iovec.iov_len = MESSAGE_MAX_BYTES;
            let header = &mut self.headers[index].msg_hdr;
            header.msg_name = (&raw mut self.names[index]).cast();
            header.msg_namelen = size_of::<libc::sockaddr_storage>() as u32;
            header.msg_iov = iovec;
            header.msg_iovlen = 1;
            header.msg_control = self.control[index * CONTROL_BYTES..].as_mut_ptr().cast();
            header.msg_controllen = CONTROL_BYTES as _;
            header.msg_flags = 0;
        }
        // SAFETY: every header points at memory of its own in vectors that live through the call.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                BATCH as u32,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        for index in 0..usize::try_from(count).unwrap_or(0) {
            let len = self.headers[index].msg_len as usize;
            let Some(source) = address_of(&self.names[index]) else { continue };
            let segment = segment_bytes(&self.headers[index].msg_hdr).unwrap_or(len).max(1);
            for datagram in self.bytes[index * MESSAGE_MAX_BYTES..][..len].chunks(segment) {
                each(source, datagram);
            }
        }
    }
}

/// The size of the datagrams that the kernel joined into this message, if it joined any.
fn segment_bytes(header: &libc::msghdr) -> Option<usize> {
    // SAFETY: the kernel has filled the control buffer that the header points at, and the macros stay within it.
    unsafe {
        let mut control = libc::CMSG_FIRSTHDR(header);
        while !control.is_null() {
            if (*control).cmsg_level == libc::SOL_UDP && (*control).cmsg_type == libc::UDP_GRO {
                return usize::try_from(libc::CMSG_DATA(control).cast::<libc::c_int>().read_unaligned()).ok();
            }
            control = libc::CMSG_NXTHDR(header, control);
        }
    }
    None
}

fn address_of(name: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match i32::from(name.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says which struct the storage holds.
            let v4 = unsafe { &*(&raw const *name).cast::<libc::sockaddr_in>() };
            let ip = IpAddr::from(v4.sin_addr.s_addr.to_ne_bytes());
            Some(SocketAddr::new(ip, u16::from_be(v4.sin_port)))
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let v6 = unsafe { &*(&raw const *name).cast::<libc::sockaddr_in6>() };
            Some(SocketAddr::new(IpAddr::from(v6.sin6_addr.s6_addr), u16::from_be(v6.sin6_port)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::poller::Poller;
    use std::time::Duration;

    #[test]
    fn every_datagram_arrives_as_it_was_sent() {
        let (a, b) = (
            Datagrams::bind("127.0.0.1".parse().unwrap()).unwrap(),
            Datagrams::bind("127.0.0.1".parse().unwrap()).unwrap(),
        );
        let sent: Vec<Vec<u8>> = (0..40_u8).map(|n| vec![n; 50 + usize::from(n)]).collect();
        sent.iter().for_each(|bytes| a.send(b.local(), bytes));
        let mut poller = Poller::new().unwrap();
        poller.add(&b, 0).unwrap();
        let (mut batch, mut keys, mut got) = (Batch::new(), Vec::new(), Vec::new());
        while got.len() < sent.len() {
            poller.wait(Duration::from_secs(5), &mut keys).unwrap();
            assert_eq!(keys, [0]);
            batch.receive(&b, |source, bytes| {
                assert_eq!(source, a.local());
                got.push(bytes.to_vec());
            });
        }
        assert_eq!(got, sent);
    }

    #[test]
    fn joined_datagrams_are_split_again() {
        let (a, b) = (
            Datagrams::bind("127.0.0.1".parse().unwrap()).unwrap(),
            Datagrams::bind("127.0.0.1".parse().unwrap()).unwrap(),
        );
        let segment: libc::c_int = 100;
        // SAFETY: the option takes one int.
        let result = unsafe {
            libc::setsockopt(
                a.as_raw_fd(),
                libc::SOL_UDP,
                libc::UDP_SEGMENT,
                (&raw const segment).cast(),
                size_of_val(&segment) as u32,
            )
        };
        assert_eq!(result, 0);
        a.send(b.local(), &[[1_u8; 100].as_slice(), &[2; 100], &[3; 70]].concat());
        let mut poller = Poller::new().unwrap();
        poller.add(&b, 0).unwrap();
        let (mut batch, mut keys, mut got) = (Batch::new(), Vec::new(), Vec::new());
        while got.len() < 3 {
            poller.wait(Duration::from_secs(5), &mut keys).unwrap();
            batch.receive(&b, |_, bytes| got.push((bytes[0], bytes.len())));
        }
        assert_eq!(got, [(1, 100), (2, 100), (3, 70)]);
    }
}
