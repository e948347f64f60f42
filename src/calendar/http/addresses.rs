//! Which internet addresses are public. Decided from the number alone: no names, no sockets.
//!
//! The lists are IANA's special-purpose registries (RFC 6890 and its updates). IPv6 is told the other way round: only what has been
//! given out as global unicast is public, so whatever is invented next is not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Ranges of IPv4 that are no place on the internet: network, bits, what a person calls it.
const V4: &[(Ipv4Addr, u32, &str)] = &[
    (Ipv4Addr::UNSPECIFIED, 8, "an unspecified"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "a private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "a provider's internal"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "this machine's own"),
    // Azure answers here with a machine's secrets, though the number looks public.
    (Ipv4Addr::new(168, 63, 129, 16), 32, "a cloud's internal"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "a link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "a private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "a reserved"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "a documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a 6to4 relay's"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "a private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "a test network's"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "a documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "a documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "a multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "a reserved"),
];

/// Ranges of IPv6. Those inside global unicast must be named; the others are named for their words.
const V6: &[(Ipv6Addr, u32, &str)] = &[
    (Ipv6Addr::LOCALHOST, 128, "this machine's own"),
    (Ipv6Addr::UNSPECIFIED, 128, "an unspecified"),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, "an IPv4-mapped"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "a private"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "a link-local"),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, "a site-local"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "a multicast"),
    // Teredo, ORCHID and benchmarking among them.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "a tunnel's or test network's"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "a documentation"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "a 6to4"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "a documentation"),
];
const GLOBAL_UNICAST: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// What kind of address it is, as in "`a private` address"; none if it is public.
pub(super) fn internal(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => internal_v4(address),
        IpAddr::V6(address) => internal_v6(address),
    }
}

fn internal_v4(address: Ipv4Addr) -> Option<&'static str> {
    let within = |network: Ipv4Addr, bits: u32| (address.to_bits() ^ network.to_bits()).leading_zeros() >= bits;
    V4.iter().find(|(network, bits, _)| within(*network, *bits)).map(|(_, _, kind)| *kind)
}

fn internal_v6(address: Ipv6Addr) -> Option<&'static str> {
    let within = |network: Ipv6Addr, bits: u32| (address.to_bits() ^ network.to_bits()).leading_zeros() >= bits;
    // Where a network has IPv6 only, its resolver answers like this for every server that has IPv4 only.
    if within(NAT64.0, NAT64.1) {
        let [.., a, b, c, d] = address.octets();
        return internal_v4(Ipv4Addr::new(a, b, c, d));
    }
    let named = V6.iter().find(|(network, bits, _)| within(*network, *bits)).map(|(_, _, kind)| *kind);
    named.or_else(|| (!within(GLOBAL_UNICAST.0, GLOBAL_UNICAST.1)).then_some("a reserved"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(address: &str) -> Option<&'static str> {
        internal(address.parse().expect("an address"))
    }

    #[test]
    fn a_range_ends_where_it_ends() {
        let pairs = [
            ("9.255.255.255", "10.0.0.0"),
            ("11.0.0.0", "10.255.255.255"),
            ("100.63.255.255", "100.64.0.0"),
            ("100.128.0.0", "100.127.255.255"),
            ("126.255.255.255", "127.0.0.0"),
            ("128.0.0.0", "127.255.255.255"),
            ("168.63.129.17", "168.63.129.16"),
            ("169.253.255.255", "169.254.169.254"),
            ("172.15.255.255", "172.16.0.0"),
            ("172.32.0.0", "172.31.255.255"),
            ("192.167.255.255", "192.168.0.0"),
            ("198.17.255.255", "198.18.0.0"),
            ("198.20.0.0", "198.19.255.255"),
            ("203.0.114.0", "203.0.113.255"),
            ("223.255.255.255", "224.0.0.0"),
            ("2001:200::1", "2001:1ff::1"),
            ("2001:db7::1", "2001:db8::1"),
            ("2003::1", "2002:808:808::1"),
            ("3ffe::1", "3fff::1"),
            ("2a00:1450::1", "4000::1"),
            ("64:ff9b::808:808", "64:ff9b::a00:5"),
        ];
        for (public, not) in pairs {
            assert_eq!(kind(public), None, "{public}");
            assert!(kind(not).is_some(), "{not}");
        }
    }

    #[test]
    fn a_person_reads_what_kind_of_address_it_is() {
        let kinds = ["::1", "::ffff:8.8.8.8", "fd00:ec2::254", "fe80::1", "64:ff9b::7f00:1", "64:ff9b:1::808:808", "255.255.255.255"];
        let words = kinds.map(|address| kind(address).expect("internal"));
        let expected =
            ["this machine's own", "an IPv4-mapped", "a private", "a link-local", "this machine's own", "a reserved", "a reserved"];
        assert_eq!(words, expected);
    }
}
