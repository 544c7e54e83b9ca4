//! Waiting for many sockets on one thread: epoll, level-triggered.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

/// The most sockets reported at a time; the others are reported next time.
const READY_MAX: usize = 1_024;
/// The key that stands for [`Waker`].
const WAKE_KEY: u64 = u64::MAX;

/// Waits for sockets to become readable.
pub struct Poller {
    epoll: OwnedFd,
    wake: Arc<OwnedFd>,
    ready: Vec<libc::epoll_event>,
}

/// Ends a [`Poller::wait`] from another thread.
#[derive(Clone)]
pub struct Waker(Arc<OwnedFd>);

impl Waker {
    /// Ends the current wait, or the next one.
    pub fn wake(&self) {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: the descriptor is an open eventfd and the buffer has 8 bytes.
        // A full counter means that a wake-up is pending already.
        unsafe { libc::write(self.0.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }
}

fn owned(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just returned by the kernel and belongs to nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

impl Poller {
    /// A poller without sockets.
    pub fn new() -> io::Result<Self> {
        // SAFETY: both calls take plain numbers.
        let epoll = owned(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        let wake = owned(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
        let poller = Self { epoll, wake: Arc::new(wake), ready: Vec::with_capacity(READY_MAX) };
        poller.add(&*poller.wake, WAKE_KEY)?;
        Ok(poller)
    }

    /// What ends a wait from another thread.
    pub fn waker(&self) -> Waker {
        Waker(self.wake.clone())
    }

    /// Watches a socket until it is closed; `key` is what [`Self::wait`] reports (not `u64::MAX`).
    pub fn add(&self, socket: &impl AsRawFd, key: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: key };
        // SAFETY: both descriptors are open and the event lives through the call.
        let result =
            unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, socket.as_raw_fd(), &mut event) };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Watches a socket no longer.
    pub fn remove(&self, socket: &impl AsRawFd) {
        // SAFETY: both descriptors are open; the event is not looked at.
        // A socket that isn't watched is what was wanted.
        unsafe {
            libc::epoll_ctl(self.epoll.as_raw_fd(), libc::EPOLL_CTL_DEL, socket.as_raw_fd(), std::ptr::null_mut())
        };
    }

    /// Waits until a socket is readable, somebody wakes, or `timeout` has passed (rounded up to milliseconds,
    /// at once when zero), and puts the keys of readable sockets into `keys`.
    pub fn wait(&mut self, timeout: Duration, keys: &mut Vec<u64>) -> io::Result<()> {
        keys.clear();
        let timeout_ms = i32::try_from(timeout.as_micros().div_ceil(1_000)).unwrap_or(i32::MAX);
        // SAFETY: the buffer has room for READY_MAX events; the kernel says how many it wrote.
        let count =
            unsafe { libc::epoll_wait(self.epoll.as_raw_fd(), self.ready.as_mut_ptr(), READY_MAX as i32, timeout_ms) };
        if count < 0 {
            let error = io::Error::last_os_error();
            return if error.kind() == io::ErrorKind::Interrupted { Ok(()) } else { Err(error) };
        }
        // SAFETY: the kernel has written that many.
        unsafe { self.ready.set_len(count as usize) };
        for event in &self.ready {
            if event.u64 == WAKE_KEY {
                let mut counter = [0_u8; 8];
                // SAFETY: the eventfd is open and non-blocking, the buffer has 8 bytes.
                unsafe { libc::read(self.wake.as_raw_fd(), counter.as_mut_ptr().cast(), counter.len()) };
            } else {
                keys.push(event.u64);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    #[test]
    fn only_readable_sockets_are_reported() {
        let (a, b) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        let mut poller = Poller::new().unwrap();
        poller.add(&a, 1).unwrap();
        poller.add(&b, 2).unwrap();
        let mut keys = vec![9];
        poller.wait(Duration::ZERO, &mut keys).unwrap();
        assert!(keys.is_empty());
        a.send_to(b"x", b.local_addr().unwrap()).unwrap();
        poller.wait(Duration::from_secs(5), &mut keys).unwrap();
        assert_eq!(keys, [2]);
    }

    #[test]
    fn a_removed_socket_is_not_reported() {
        let a = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut poller = Poller::new().unwrap();
        poller.add(&a, 1).unwrap();
        a.send_to(b"x", a.local_addr().unwrap()).unwrap();
        let mut keys = Vec::new();
        poller.wait(Duration::from_secs(5), &mut keys).unwrap();
        assert_eq!(keys, [1]);
        poller.remove(&a);
        poller.wait(Duration::ZERO, &mut keys).unwrap();
        assert!(keys.is_empty());
    }

    #[test]
    fn a_waker_ends_a_wait_once() {
        let mut poller = Poller::new().unwrap();
        let waker = poller.waker();
        let thread = std::thread::spawn(move || waker.wake());
        let mut keys = Vec::new();
        let before = std::time::Instant::now();
        poller.wait(Duration::from_secs(30), &mut keys).unwrap();
        thread.join().unwrap();
        assert!(before.elapsed() < Duration::from_secs(20) && keys.is_empty());
        poller.wait(Duration::ZERO, &mut keys).unwrap();
        assert!(keys.is_empty());
    }
}
