//! Who may come in: so many in all, so many of one address.
//!
//! Where there is no place, somebody who does not publish goes: first who has said nothing, then who
//! has not got through the handshake, the longest wait first. A real encoder speaks as soon as it is
//! connected and publishes within a second; somebody who only holds a place does not. Of one
//! address, who has shaken hands stays: it may be the encoder of another person behind it.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Connection;
use crate::Refusal;

#[derive(Debug)]
pub(super) struct Admission {
    total: usize,
    per_address: usize,
    house: Mutex<House>,
}

#[derive(Debug, Default)]
struct House {
    open: usize,
    addresses: HashMap<IpAddr, usize>,
    /// Those who do not publish, in the order they came.
    waiting: BTreeMap<u64, Waiting>,
    next: u64,
}

/// How far somebody has got who does not publish yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Said {
    Nothing,
    Bytes,
    Handshake,
}

#[derive(Debug)]
struct Waiting {
    address: IpAddr,
    said: Said,
    connection: Connection,
}

impl House {
    /// Sends somebody away so that another may come; `None`: all of them stay.
    fn make_room(&mut self, may_go: impl Fn(&Waiting) -> bool) -> Option<()> {
        let waiting = self.waiting.iter().filter(|(_, one)| may_go(one));
        let (_, number) = waiting.map(|(number, one)| (one.said, *number)).min()?;
        self.waiting.remove(&number)?.connection.end(Refusal::Busy);
        Some(())
    }
}

/// A place that is given back when dropped.
#[derive(Debug)]
pub(super) struct Guest {
    admission: Arc<Admission>,
    address: IpAddr,
    number: u64,
    pub(super) connection: Connection,
}

impl Admission {
    pub(super) fn new(total: usize, per_address: usize) -> Admission {
        Admission { total, per_address, house: Mutex::default() }
    }

    pub(super) fn open(&self) -> usize {
        self.house().open
    }

    pub(super) fn admit(self: &Arc<Admission>, address: IpAddr) -> Option<Guest> {
        let address = network(address);
        let mut house = self.house();
        let of_address = house.addresses.get(&address).copied().unwrap_or(0);
        if of_address >= self.per_address {
            house.make_room(|one| one.address == address && one.said < Said::Handshake)?;
        } else if house.open >= self.total {
            house.make_room(|_| true)?;
        }
        let number = house.next;
        let connection = Connection::default();
        house.next += 1;
        house.open += 1;
        house.addresses.insert(address, of_address + 1);
        house.waiting.insert(number, Waiting { address, said: Said::Nothing, connection: connection.clone() });
        Some(Guest { admission: self.clone(), address, number, connection })
    }

    fn house(&self) -> MutexGuard<'_, House> {
        self.house.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    /// It has got this far.
    pub(super) fn has_said(&self, said: Said) {
        if let Some(waiting) = self.admission.house().waiting.get_mut(&self.number) {
            waiting.said = said;
        }
    }

    /// It publishes: nobody takes its place any more.
    pub(super) fn settle(&self) {
        self.admission.house().waiting.remove(&self.number);
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut house = self.admission.house();
        house.waiting.remove(&self.number);
        house.open -= 1;
        if let Some(count) = house.addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                house.addresses.remove(&self.address);
            }
        }
    }
}

/// What one party can hold: an IPv4 address, or an IPv6 network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_has_so_many_places() {
        let admission = Arc::new(Admission::new(100, 2));
        let enter = |text: &str| {
            let guest = admission.admit(address(text))?;
            guest.has_said(Said::Handshake);
            Some(guest)
        };
        let first = enter("192.0.2.1").expect("a place");
        let _second = enter("::ffff:192.0.2.1").expect("a place");
        assert!(admission.admit(address("192.0.2.1")).is_none());
        assert!(admission.admit(address("192.0.2.2")).is_some());
        drop(first);
        assert!(admission.admit(address("192.0.2.1")).is_some());
        let _third = enter("2001:db8::1").expect("a place");
        let _fourth = enter("2001:db8::2:1").expect("a place");
        assert!(admission.admit(address("2001:db8::3")).is_none(), "one network of 64 bits");
    }

    #[test]
    fn who_has_said_nothing_makes_way_within_an_address() {
        let admission = Arc::new(Admission::new(100, 4));
        let enter = |text: &str| admission.admit(address(text));
        let [greeted, idle, trickles, published] = [(); 4].map(|()| enter("192.0.2.1").expect("a place"));
        let elsewhere = enter("192.0.2.2").expect("a place");
        greeted.has_said(Said::Handshake);
        trickles.has_said(Said::Bytes);
        published.settle();
        let newcomer = enter("192.0.2.1").expect("a place");
        assert_eq!(idle.connection.ended(), Some(Refusal::Busy));
        newcomer.has_said(Said::Handshake);
        assert_eq!(trickles.connection.ended(), None, "the silent go first");
        let second = enter("192.0.2.1").expect("a place");
        assert_eq!(trickles.connection.ended(), Some(Refusal::Busy));
        second.settle();
        drop((idle, trickles));
        assert!(enter("192.0.2.1").is_none(), "nobody is left who has not at least shaken hands");
        for stays in [&greeted, &published, &newcomer, &second, &elsewhere] {
            assert_eq!(stays.connection.ended(), None);
        }
    }

    #[test]
    fn in_a_full_house_the_longest_wait_ends() {
        let admission = Arc::new(Admission::new(2, 10));
        let publisher = admission.admit(address("192.0.2.1")).expect("a place");
        publisher.settle();
        let idle = admission.admit(address("192.0.2.2")).expect("a place");
        let newcomer = admission.admit(address("192.0.2.3")).expect("a place");
        assert_eq!(idle.connection.ended(), Some(Refusal::Busy));
        assert_eq!(publisher.connection.ended(), None);
        newcomer.settle();
        assert!(admission.admit(address("192.0.2.4")).is_none(), "nobody is left who only waits");
        drop((publisher, idle, newcomer));
        assert_eq!(admission.open(), 0);
        assert!(admission.house().addresses.is_empty());
    }
}
