"""What attempts of an address are counted under."""

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
def test_source_is_an_address_or_a_subscribers_network(ip: str, source: str) -> None:
    assert source_of(ip) == source
