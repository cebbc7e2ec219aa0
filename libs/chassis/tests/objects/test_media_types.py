"""Content must be of its declared media type."""

import pytest

from chassis.objects.media_types import HEAD_BYTES, KNOWN, Sniffer
from kernel.objects import ContentMismatch

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PARQUET = "application/vnd.apache.parquet"
GOOD = {
    "application/json": [b'{"a": 1}', b"\xef\xbb\xbf [1]", b"null", b"-1"],
    "application/xml": [b"<?xml version='1.0'?><a/>", b"\xef\xbb\xbf\r\n <a/>"],
    "text/xml": [b"<a/>"],
    "text/csv": [b"a,b\r\n1,2\r\n", "\ufeffName\nGr\u00f6n\n".encode(), b'"<a>",b\n'],
    "text/plain": [b"anything", "\u00e9".encode()],
    "application/pdf": [b"%PDF-1.7\n\xff\0"],
    "image/png": [b"\x89PNG\r\n\x1a\n\0"],
    "image/jpeg": [b"\xff\xd8\xff\xe0"],
    "application/zip": [b"PK\x03\x04\0", b"PK\x05\x06"],
    XLSX: [b"PK\x03\x04......[Content_Types].xml"],
    PARQUET: [b"PAR1" + b"\0" * 2 * HEAD_BYTES + b"PAR1"],
}
BAD = {
    "application/json": [b"<a/>", b"%PDF-1.7", b'{"a": "\xff"}', b'{"a": "\0"}', b"PK\x03\x04"],
    "application/xml": [b'{"a": 1}', b"\xff\xfe<\0a\0", b"plain", b"<a>\xe9</a>"],
    "text/xml": [b"a<b"],
    "text/csv": [b"a\0b", b"\xff\xfea\0", b"<html>", b'{"a": 1}', b"%PDF-1.7", b"\xe9t\xe9,1\n", b"cut \xc3"],
    "text/plain": [b"\x89PNG\r\n\x1a\n"],
    "application/pdf": [b"<html>%PDF-", b" %PDF-1.7"],
    "image/png": [b"\xff\xd8\xff\xe0", b"GIF89a"],
    "image/jpeg": [b"\x89PNG\r\n\x1a\n"],
    "application/zip": [b"Rar!"],
    XLSX: [b"PK\x03\x04 another archive", b"a,b\n"],
    PARQUET: [b"PAR1" + b"\0" * 2 * HEAD_BYTES, b"a" * 2 * HEAD_BYTES + b"PAR1"],
}


def sniff(media_type: str, content: bytes, *, size: int) -> None:
    sniffer = Sniffer(media_type)
    for start in range(0, len(content), size):
        sniffer.read(content[start : start + size])
    sniffer.end()


def test_each_type_has_examples() -> None:
    assert GOOD.keys() == BAD.keys() == KNOWN.keys()


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("media_type", KNOWN)
def test_content_of_its_type_is_accepted_however_it_arrives(media_type: str, size: int) -> None:
    for content in (*GOOD[media_type], b""):
        sniff(media_type, content, size=size)


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("media_type", KNOWN)
def test_content_of_another_type_is_refused_however_it_arrives(media_type: str, size: int) -> None:
    for content in BAD[media_type]:
        with pytest.raises(ContentMismatch):
            sniff(media_type, content, size=size)


def test_content_is_refused_before_its_end() -> None:
    sniffer = Sniffer("application/pdf")
    with pytest.raises(ContentMismatch):
        sniffer.read(b"x" * HEAD_BYTES)


def test_text_is_checked_to_its_end() -> None:
    sniffer = Sniffer("text/csv")
    for _ in range(10):
        sniffer.read(b"x" * 1000)
    with pytest.raises(ContentMismatch):
        sniffer.read(b"\0")
