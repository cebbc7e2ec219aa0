"""An IPv4 address counts as itself, an IPv6 address as its subscriber's network."""

import pytest

from kernel.networks import subscriber_of


@pytest.mark.parametrize(
    ("ip", "subscriber"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("fe80::2%eth1", "fe80::/64"),
        ("", ""),
        ("testclient", "testclient"),
        ("no address: at all", "no address: at all"),
    ],
)
def test_an_ipv6_address_counts_as_its_64_network(ip: str, subscriber: str) -> None:
    assert subscriber_of(ip) == subscriber
