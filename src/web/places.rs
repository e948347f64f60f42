//! How many connections there may be at once: in all, and from one address, so that one that only opens them keeps nobody else out. An
//! address is what the connection itself comes from; what a request says of itself counts nothing here.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Connections;

/// The bits of an IPv6 address that tell networks apart: whoever has one address of a network has all of it.
const NETWORK: u128 = !0 << 64;

#[derive(Clone, Debug)]
pub(super) struct Places {
    all: Arc<Semaphore>,
    each: usize,
    /// Everyone comes from these.
    proxies: Arc<[IpAddr]>,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// The place of one connection, free again when this goes.
#[derive(Debug)]
pub(super) struct Place {
    from: IpAddr,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
    _one_of_all: OwnedSemaphorePermit,
}

impl Places {
    pub(super) fn new(connections: Connections, proxies: &[IpAddr]) -> Self {
        let proxies = proxies.iter().map(IpAddr::to_canonical).collect();
        Self { all: Arc::new(Semaphore::new(connections.all.get())), each: connections.each.get(), proxies, taken: Arc::default() }
    }

    /// Waits until there is a place for anyone at all.
    pub(super) async fn any(&self) -> Option<OwnedSemaphorePermit> {
        self.all.clone().acquire_owned().await.ok()
    }

    /// Gives a place to whoever came; none if there are too many from there.
    pub(super) fn take(&self, from: IpAddr, one_of_all: OwnedSemaphorePermit) -> Option<Place> {
        let address = from.to_canonical();
        let (from, is_proxy) = (network(address), self.proxies.contains(&address));
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(from).or_default();
        if *count >= self.each && !is_proxy {
            return None;
        }
        *count += 1;
        Some(Place { from, taken: self.taken.clone(), _one_of_all: one_of_all })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let left = taken.get(&self.from).map_or(0, |count| count.saturating_sub(1));
        // Nothing is remembered of who has gone.
        if left == 0 {
            taken.remove(&self.from)
        } else {
            taken.insert(self.from, left)
        };
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(each: usize, proxies: &[IpAddr]) -> Places {
        let number = |number: usize| number.try_into().expect("a number");
        Places::new(Connections { all: number(100), each: number(each) }, proxies)
    }

    fn take(places: &Places, from: &str) -> Option<Place> {
        places.take(from.parse().expect("an address"), places.all.clone().try_acquire_owned().expect("a place"))
    }

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let places = places(2, &[]);
        let (first, second) = (take(&places, "192.0.2.1"), take(&places, "192.0.2.1"));
        assert!(first.is_some() && second.is_some() && take(&places, "192.0.2.1").is_none());
        assert!(take(&places, "::ffff:192.0.2.1").is_none(), "the same address, written for IPv6");
        assert!(take(&places, "192.0.2.2").is_some());
        drop(first);
        assert!(take(&places, "192.0.2.1").is_some());
        drop(second);
        assert!(places.taken.lock().expect("known").is_empty() && places.all.available_permits() == 100);
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let places = places(1, &[]);
        let kept = take(&places, "2001:db8:1:2::1");
        assert!(kept.is_some() && take(&places, "2001:db8:1:2:ffff::9").is_none() && take(&places, "2001:db8:1:3::1").is_some());
    }

    #[test]
    fn a_proxy_that_the_configuration_names_stands_for_everyone() {
        let places = places(1, &["10.0.0.1".parse().expect("an address")]);
        let all: Vec<_> = (0..20).map(|_| take(&places, "::ffff:10.0.0.1")).collect();
        assert!(all.iter().all(Option::is_some));
        let one = take(&places, "10.0.0.2");
        assert!(one.is_some() && take(&places, "10.0.0.2").is_none());
    }
}
