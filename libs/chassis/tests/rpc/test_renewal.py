"""Certificates are renewed while servers and channels use them, mounted as Kubernetes mounts Secrets."""

import asyncio
import ssl
from contextlib import asynccontextmanager

import grpc
import pytest
from cryptography import x509
from grpc import aio

from chassis.rpc import RemoteUnavailable, Tls
from chassis.rpc.channel import RenewedChannel
from chassis.settings import ServiceSettings
from chassis.testing.certificates import Authority, MountedSecret, presented_serial
from chassis.testing.running import eventually
from elcorp.compliance.v1.compliance_pb2_grpc import ScreeningServiceStub
from libs.chassis.tests.rpc.mounted_certificates import NAMES

CALLERS = 4


@pytest.fixture
def another(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("another"))


class Calls:
    """Concurrent calls from several tasks, each sent after the response to the last; a failed call fails the test."""

    def __init__(self, stub, ask) -> None:
        self._stub, self._ask = stub, ask
        self.answered = [0] * CALLERS

    async def run(self, number, stop):
        while not stop.is_set():
            await self._stub.ScreenTransfers(self._ask(), timeout=60)
            self.answered[number] += 1

    async def make_progress(self):
        """Return once each task has started and finished calls after this moment."""
        before = list(self.answered)
        await eventually(lambda: all(now > then + 2 for now, then in zip(self.answered, before, strict=True)))

    @asynccontextmanager
    async def running(self):
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for number in range(CALLERS):
                tasks.create_task(self.run(number, stop))
            try:
                yield
            finally:
                stop.set()


@pytest.fixture
def seen(screening, monkeypatch):
    """Collect the serial numbers of the certificates that callers present."""
    serials = []
    answer = screening.ScreenTransfers

    async def answering(request, context):
        [certificate] = context.auth_context()["x509_pem_cert"]
        serials.append(x509.load_pem_x509_certificate(certificate).serial_number)
        return await answer(request, context)

    monkeypatch.setattr(screening, "ScreenTransfers", answering)
    return serials


async def presented(port, side: MountedSecret) -> int:
    """Return the serial number that the server presents to a new connection."""
    files = side.settings
    context = ssl.create_default_context(cafile=str(files["tls_ca_file"]))
    context.load_cert_chain(files["tls_cert_file"], files["tls_key_file"])
    context.set_alpn_protocols(["h2"])
    return await presented_serial("localhost", port, context)


@pytest.mark.usefixtures("always_looking")
async def test_certificates_and_authority_are_replaced_and_no_call_fails(
    authority, another, mount, serve, connect_to, screening, ask, seen
):
    sides = {"server": mount("server"), "client": mount("client")}
    both = authority.pem + another.pem
    leaf = {name: authority.certify(*NAMES[name]) for name in sides}
    last = {name: another.certify(*NAMES[name]) for name in sides}
    steps = [
        *((name, leaf[name], authority.pem) for name in sides),
        *((name, leaf[name], both) for name in sides),
        *((name, last[name], both) for name in sides),
        *((name, last[name], another.pem) for name in sides),
    ]
    async with (
        serve(screening, tls=Tls.of(ServiceSettings(**sides["server"].settings))) as server,
        connect_to(f"localhost:{server.port}", **sides["client"].settings) as channel,
    ):
        calls = Calls(ScreeningServiceStub(channel), ask)
        async with calls.running():
            for name, issued, authorities in steps:
                await calls.make_progress()
                sides[name].put(issued, authorities)
                if name == "client":
                    seen.clear()
                    await calls.make_progress()
                    assert seen[-1] == issued.serial
                else:
                    assert await presented(server.port, sides["client"]) == issued.serial
            await calls.make_progress()
        assert await presented(server.port, sides["client"]) == last["server"].serial
        # Certificates of the replaced authority are no longer accepted.
        async with connect_to(f"localhost:{server.port}", **mount("client", leaf["client"], both).settings) as former:
            with pytest.raises(RemoteUnavailable):
                await ScreeningServiceStub(former).ScreenTransfers(ask(), timeout=60)


@pytest.mark.usefixtures("always_looking")
async def test_peers_of_the_other_authority_are_trusted_while_its_file_exists(
    authority, another, mount, serve, connect_to, screening, ask, tmp_path
):
    mounted, other = mount("server"), tmp_path / "other-ca.crt"
    settings = ServiceSettings(**mounted.settings, tls_other_ca_file=other)
    client = mount("client", another.certify("payments"), authority.pem)
    async with (
        serve(screening, tls=Tls.of(settings)) as server,
        connect_to(f"localhost:{server.port}", **client.settings) as channel,
    ):
        stub = ScreeningServiceStub(channel)
        with pytest.raises(RemoteUnavailable):
            await stub.ScreenTransfers(ask(), timeout=60)
        other.write_bytes(another.pem)
        assert (await stub.ScreenTransfers(ask(), timeout=60, wait_for_ready=True)).verdicts[0].clear


@pytest.mark.parametrize("renewed_first", NAMES)
async def test_an_authority_renewed_with_its_key_stays_trusted(
    authority, mount, serve, connect_to, screening, ask, renewed_first
):
    sides = {}
    for side in sorted(NAMES, key=lambda each: each == renewed_first):
        sides[side] = mount(side)
        authority.renew()
    async with (
        serve(screening, tls=Tls.of(ServiceSettings(**sides["server"].settings))) as server,
        connect_to(f"localhost:{server.port}", **sides["client"].settings) as channel,
    ):
        assert (await _answer(ScreeningServiceStub(channel), ask)).verdicts[0].clear


@pytest.mark.usefixtures("always_looking")
async def test_a_running_call_is_answered_by_the_replaced_channel(authority, mount, serve, connect_to, screening, ask, seen):
    client, under_way, goes_on = mount("client"), asyncio.Event(), asyncio.Event()

    async def hold():
        under_way.set()
        await goes_on.wait()

    async with (
        serve(screening, tls=Tls.of(ServiceSettings(**mount("server").settings))) as server,
        connect_to(f"localhost:{server.port}", **client.settings) as channel,
    ):
        stub = ScreeningServiceStub(channel)
        screening.answer = hold
        held = asyncio.create_task(_answer(stub, ask))
        await under_way.wait()
        screening.answer = screening.clear
        renewed = authority.certify("payments")
        client.put(renewed, authority.pem)
        await _answer(stub, ask)
        goes_on.set()
        assert (await held).verdicts[0].clear
    assert len(seen) == 2
    assert seen[1] == renewed.serial != seen[0]


def open_channel(material):
    return aio.secure_channel("localhost:1", material.channel_credentials())


async def test_a_replaced_channel_is_closed_after_its_grace_period(authority, watched):
    tls, client, ticks = watched
    async with RenewedChannel(tls, open_channel, grace_seconds=0) as channel:
        first = channel.current()
        assert channel.current() is first
        client.put(authority.certify("payments"), authority.pem)
        ticks.at += 1
        second = channel.current()
        assert second is not first
        await eventually(first.get_state, grpc.ChannelConnectivity.SHUTDOWN)
        assert second.get_state() is grpc.ChannelConnectivity.IDLE
    assert second.get_state() is grpc.ChannelConnectivity.SHUTDOWN


async def test_a_channel_closed_soon_after_a_renewal_closes_the_replaced_one(authority, watched):
    tls, client, ticks = watched
    channel = RenewedChannel(tls, open_channel)
    first = channel.current()
    client.put(authority.certify("payments"), authority.pem)
    ticks.at += 1
    channel.current()
    await channel.close(0)
    assert first.get_state() is grpc.ChannelConnectivity.SHUTDOWN
    await eventually(lambda: [task for task in asyncio.all_tasks() if task.get_name() == "replaced-channel"], [])


async def test_a_closed_channel_opens_no_other(authority, watched, ask):
    tls, client, ticks = watched
    opened = []

    def opening(material):
        opened.append(open_channel(material))
        return opened[-1]

    channel = RenewedChannel(tls, opening)
    stub = ScreeningServiceStub(channel)
    await channel.close()
    client.put(authority.certify("payments"), authority.pem)
    ticks.at += 1
    with pytest.raises(aio.UsageError, match="closed"):
        await stub.ScreenTransfers(ask(), timeout=60)
    assert channel.get_state(try_to_connect=True) is grpc.ChannelConnectivity.SHUTDOWN
    assert len(opened) == 1


@pytest.mark.usefixtures("always_looking")
async def test_a_channel_with_a_wrong_certificate_becomes_ready_with_the_right_one(
    authority, another, mount, serve, connect_to, screening
):
    client = mount("client", another.certify("payments"))
    async with (
        serve(screening, tls=Tls.of(ServiceSettings(**mount("server").settings))) as server,
        connect_to(f"localhost:{server.port}", **client.settings) as channel,
    ):
        ready = asyncio.create_task(channel.channel_ready())
        await eventually(channel.get_state, grpc.ChannelConnectivity.TRANSIENT_FAILURE)
        assert not ready.done()
        client.put(authority.certify("payments"), authority.pem)
        await ready


async def _answer(stub, ask):
    return await stub.ScreenTransfers(ask(), timeout=60)
