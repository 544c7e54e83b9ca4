//! Who may come in: so many in all, so many of one address.
//!
//! When the house is full, whoever has waited longest without publishing goes: a real encoder
//! publishes within a second, somebody who only holds a place does not.

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
    waiting: BTreeMap<u64, Connection>,
    next: u64,
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
            return None;
        }
        if house.open >= self.total {
            let (_, longest) = house.waiting.pop_first()?;
            longest.end(Refusal::Busy);
        }
        let number = house.next;
        let connection = Connection::default();
        house.next += 1;
        house.open += 1;
        house.addresses.insert(address, of_address + 1);
        house.waiting.insert(number, connection.clone());
        Some(Guest { admission: self.clone(), address, number, connection })
    }

    fn house(&self) -> MutexGuard<'_, House> {
        self.house.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
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
        let first = admission.admit(address("192.0.2.1")).expect("a place");
        let _second = admission.admit(address("::ffff:192.0.2.1")).expect("a place");
        assert!(admission.admit(address("192.0.2.1")).is_none());
        assert!(admission.admit(address("192.0.2.2")).is_some());
        drop(first);
        assert!(admission.admit(address("192.0.2.1")).is_some());
        let _third = admission.admit(address("2001:db8::1")).expect("a place");
        let _fourth = admission.admit(address("2001:db8::2:1")).expect("a place");
        assert!(admission.admit(address("2001:db8::3")).is_none(), "one network of 64 bits");
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
