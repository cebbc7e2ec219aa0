import pytest

from gateway.representations import Representation, takes_gzip


@pytest.mark.parametrize(
    ("accept_encoding", "takes"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("deflate, gzip;q=0.5", True),
        ("br;q=1.0, *;q=0.1", True),
        ("x-gzip", True),
        ("X-GZIP;q=0.2", True),
        ("gzip;q=0, x-gzip", False),
        ("identity, gzip", True),
        ("identity;q=0.5, gzip;q=0.5", True),
        ("identity;q=0, gzip;q=0.1", True),
        ("identity, gzip;q=0.5", False),
        ("identity;q=0.2, *;q=0.1", False),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q = 0.000", False),
        ("*, gzip;q=0", False),
        ("*;q=0", False),
        ("gzip;q=much", False),
        ("x-gzip-not", False),
    ],
)
@pytest.mark.clause("RFC 9110 12.5.3")
def test_gzip_is_sent_only_to_clients_that_accept_it(accept_encoding: str, takes: bool) -> None:
    assert takes_gzip(accept_encoding) == takes


def test_a_page_is_stored_in_one_form_and_compressed_only_if_that_is_smaller() -> None:
    text, noise = Representation.of(b"text/plain", b"word " * 100), Representation.of(b"text/plain", bytes(range(256)))
    assert (text.plain, noise.plain, noise.packed) == (None, bytes(range(256)), None)
    assert text.packed
    assert len(text.packed) < 100
    assert Representation.of(b"text/plain", b"word " * 100) == text
