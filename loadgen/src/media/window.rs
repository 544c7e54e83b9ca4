//! Which packets are measured: those of a span of numbers, so that nothing is lost or gained at the edges.

use std::sync::atomic::{AtomicU64, Ordering};

/// Shared by the publisher, the viewers and whoever measures.
#[derive(Debug)]
pub struct Window {
    next: AtomicU64,
    from: AtomicU64,
    until: AtomicU64,
    arrived: AtomicU64,
    bytes: AtomicU64,
}

/// The windows of one publisher, each over numbers of its own.
#[derive(Debug, Default)]
pub struct Windows {
    /// Over all its packets.
    pub packets: Window,
    /// Over the frames of its picture, which all layers share.
    pub frames: Window,
    /// Over its packets of sound.
    pub sounds: Window,
}

impl Windows {
    /// Closes all of them.
    pub fn close(&self) {
        [&self.packets, &self.frames, &self.sounds].into_iter().for_each(Window::close);
    }
}

impl Default for Window {
    fn default() -> Self {
        Self {
            next: AtomicU64::new(0),
            from: AtomicU64::new(u64::MAX),
            until: AtomicU64::new(u64::MAX),
            arrived: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }
}

impl Window {
    /// The publisher says which number comes next.
    pub fn sent_below(&self, number: u64) {
        self.next.store(number, Ordering::Release);
    }

    /// Opens the window before a packet that isn't sent yet; one second of packets must fit `ahead`.
    pub fn open(&self, ahead: u64) {
        self.arrived.store(0, Ordering::Relaxed);
        self.bytes.store(0, Ordering::Relaxed);
        self.until.store(u64::MAX, Ordering::Release);
        self.from.store(self.next.load(Ordering::Acquire) + ahead, Ordering::Release);
    }

    /// Closes the window behind the last packet that was sent.
    pub fn close(&self) {
        self.until.store(self.next.load(Ordering::Acquire), Ordering::Release);
    }

    /// Where `number` lies in the window, if it lies in it.
    pub fn position(&self, number: u64) -> Option<u64> {
        let from = self.from.load(Ordering::Acquire);
        (number >= from && number < self.until.load(Ordering::Acquire)).then(|| number - from)
    }

    /// How many packets the publisher sent in the window, once it is closed.
    pub fn sent(&self) -> u64 {
        let until = self.until.load(Ordering::Acquire);
        if until == u64::MAX { 0 } else { until.saturating_sub(self.from.load(Ordering::Acquire)) }
    }

    /// A viewer counts packets of the window, each once, and the bytes of their datagrams' payloads.
    pub fn add_arrived(&self, packets: u64, bytes: u64) {
        self.arrived.fetch_add(packets, Ordering::AcqRel);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// How many packets of the window have arrived at all viewers together.
    pub fn arrived(&self) -> u64 {
        self.arrived.load(Ordering::Acquire)
    }

    /// How many bytes they had.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_packets_of_the_span_count() {
        let window = Window::default();
        assert_eq!(window.position(0), None, "not open yet");
        window.sent_below(10);
        window.open(2);
        assert_eq!((window.position(11), window.position(12), window.position(99)), (None, Some(0), Some(87)));
        window.sent_below(50);
        window.close();
        assert_eq!((window.position(49), window.position(50)), (Some(37), None));
        assert_eq!(window.sent(), 38);
    }
}
