"""The methods of the fault proxy do what their names say."""

import asyncio
import time

import pytest


@pytest.fixture
async def echo():
    async def answer(reader, writer) -> None:
        while data := await reader.read(1000):
            writer.write(data)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.fixture
async def proxy(echo, fault_proxy):
    return await fault_proxy("127.0.0.1", echo)


async def say(connection, word: bytes, *, seconds: float = 60) -> bytes:
    reader, writer = connection
    writer.write(word)
    async with asyncio.timeout(seconds):
        return bytes(await reader.read(100))


async def test_it_forwards(proxy):
    connection = await asyncio.open_connection("127.0.0.1", proxy.port)
    assert await say(connection, b"hello") == b"hello"
    connection[1].close()


async def test_cut_resets_open_connections_and_accepts_new_ones(proxy):
    connection = await asyncio.open_connection("127.0.0.1", proxy.port)
    await say(connection, b"hello")
    proxy.cut()
    with pytest.raises(ConnectionError):
        await say(connection, b"still there?")
    again = await asyncio.open_connection("127.0.0.1", proxy.port)
    assert await say(again, b"hello") == b"hello"
    again[1].close()


async def test_refuse_is_a_closed_port_until_healed(proxy):
    port = proxy.port
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    await proxy.heal()
    assert proxy.port == port
    connection = await asyncio.open_connection("127.0.0.1", port)
    assert await say(connection, b"hello") == b"hello"
    connection[1].close()


async def test_hang_up_resets_new_connections_until_healed(proxy):
    proxy.hang_up()
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await say(await asyncio.open_connection("127.0.0.1", proxy.port), b"hello")
    assert proxy.accepted == 2
    await proxy.heal()
    connection = await asyncio.open_connection("127.0.0.1", proxy.port)
    assert await say(connection, b"hello") == b"hello"
    connection[1].close()


async def test_blackhole_holds_data_back_and_healing_delivers_it(proxy):
    connection = await asyncio.open_connection("127.0.0.1", proxy.port)
    await say(connection, b"hello")
    proxy.blackhole()
    with pytest.raises(TimeoutError):
        await say(connection, b"anyone?", seconds=0.2)
    assert proxy.held_back == 1
    await proxy.heal()
    async with asyncio.timeout(60):
        assert await connection[0].read(100) == b"anyone?"
    connection[1].close()


async def test_delay_slows_both_directions(proxy):
    connection = await asyncio.open_connection("127.0.0.1", proxy.port)
    proxy.delay(50)
    begun = time.perf_counter()
    await say(connection, b"hello")
    assert time.perf_counter() - begun >= 0.1
    connection[1].close()
