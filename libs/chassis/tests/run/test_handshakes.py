"""gRPC's core, in C, reports a failed TLS handshake; the report is written as a line of the log."""

import asyncio
import json

from chassis.testing.certificates import Authority


async def test_a_failed_handshake_is_logged_as_one_line(start, urls, tmp_path):
    files = Authority(tmp_path).issue("doors", "localhost")
    process = await start("serve", database_url=urls.app, **files, grpc_health_port=0)
    serving = await process.line("serving")
    reader, writer = await asyncio.open_connection("127.0.0.1", serving["grpc_port"])
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert await reader.read() == b""
    writer.close()
    process.terminate()
    assert await process.exit_code() == 0
    # The service of these tests prints one line itself.
    lines = [json.loads(line) for line in process.text.splitlines() if line != "pools closed"]
    [reported] = [line for line in lines if line.get("library") == "grpc"]
    assert "Handshake failed" in reported["event"], reported
    assert set(reported) == {"event", "level", "at", "service", "library"}
