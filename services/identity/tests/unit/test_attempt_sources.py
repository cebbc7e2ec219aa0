"""The source under which the attempts of an address are counted."""

import pytest

from identity.domain.attempts import source_of


@pytest.mark.parametrize(
    ("ip", "source"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("", "unknown"),
        ("testclient", "testclient"),
    ],
)
def test_the_source_is_an_ipv4_address_or_an_ipv6_subscriber_network(ip: str, source: str) -> None:
    assert source_of(ip) == source
