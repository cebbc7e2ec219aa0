"""Files are scanned by clamd; a file that it gives no verdict on is not scanned."""

from pathlib import Path

import pytest

from chassis.objects.clamd import Clamd
from chassis.testing.objects import HeldUpload
from chassis.testing.running import free_port
from kernel.objects import ObjectsUnavailable
from libs.chassis.tests.objects.clamd_server import EICAR, ClamdServer


@pytest.mark.parametrize("content", [b"", b"a,b", b"x" * 1_000_000])
async def test_a_clean_file_is_received_whole(content: bytes) -> None:
    server = ClamdServer()
    async with server.on_tcp() as url:
        await Clamd(url).ping()
        assert await Clamd(url).find_malware(HeldUpload(content)) is None
    assert server.received == [content]


async def test_malware_is_named(tmp_path: Path) -> None:
    async with ClamdServer().on_unix(tmp_path) as url:
        await Clamd(url).ping()
        assert await Clamd(url).find_malware(HeldUpload(b"x" * 100_000 + EICAR)) == "Eicar-Test-Signature"


@pytest.mark.parametrize(
    "answer", [b"stream: ERROR\0", b"\0", b"stream: OK", b"OK\0", b"stream: OK \0", b"x" * 10_000, b"UNKNOWN COMMAND\0"]
)
async def test_another_answer_is_no_verdict(answer: bytes) -> None:
    server = ClamdServer()
    server.answer = answer
    async with server.on_tcp() as url:
        with pytest.raises(ObjectsUnavailable):
            await Clamd(url).find_malware(HeldUpload(b"x"))


async def test_a_file_beyond_the_scanners_limit_is_not_scanned() -> None:
    server = ClamdServer()
    server.stream_bytes_max = 100_000
    async with server.on_tcp() as url:
        with pytest.raises(ObjectsUnavailable):
            await Clamd(url).find_malware(HeldUpload(b"x" * 10_000_000))
    assert server.received == []


async def test_a_silent_scanner_has_a_deadline() -> None:
    server = ClamdServer()
    server.is_silent = True
    async with server.on_tcp() as url:
        with pytest.raises(ObjectsUnavailable):
            await Clamd(url, verdict_seconds=0.05).find_malware(HeldUpload(b"x"))
    assert server.received == [b"x"]


async def test_a_scanner_that_is_away_is_reported(tmp_path: Path) -> None:
    for url in (f"tcp://127.0.0.1:{free_port()}", f"unix://{tmp_path}/none.ctl"):
        with pytest.raises(ObjectsUnavailable):
            await Clamd(url).find_malware(HeldUpload(b"x"))
        with pytest.raises(ObjectsUnavailable):
            await Clamd(url).ping()
