"""The `work` and `jobs` processes: background work, and the operations port."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

from chassis.checkpoints import SIGNER
from chassis.health import Readiness
from chassis.persistence.pooled_sessions import require_direct
from chassis.run.background import Backgrounds
from chassis.run.ops_server import ops_server
from chassis.run.process import settle
from chassis.run.schema import wait_for_schema
from chassis.run.service import Background, Service, Working
from chassis.settings import ServiceSettings
from chassis.telemetry import log
from chassis.telemetry.metrics import watch_loop


async def work(service: Service[Any], settings: ServiceSettings, stop: asyncio.Event) -> bool:
    """Relay and consume until `stop` is set; return False if something failed."""
    require_direct(settings, "work")
    await wait_for_schema(service, settings, stop)
    async with service.working(settings) as parts:
        background = [*parts.background, *_keep_checkpoints(service, settings, parts)]
        return await _run(background, parts.readiness, settings, stop)


def _keep_checkpoints(service: Service[Any], settings: ServiceSettings, parts: Working) -> Sequence[Background]:
    if service.name == SIGNER:
        return ()
    # Not needed by the `jobs` process.
    from chassis.checkpoints.keeping import CheckpointKeeping  # noqa: PLC0415
    from chassis.checkpoints.table import CheckpointTable  # noqa: PLC0415
    from chassis.messaging.listener import Listener  # noqa: PLC0415
    from elcorp.compliance.v1.events_pb2 import CheckpointSigned  # noqa: PLC0415

    keeping = CheckpointKeeping(CheckpointTable(parts.database), pause_seconds=settings.checkpoint_keep_seconds)
    listener = Listener(
        settings.rabbitmq_url.get_secret_value(),
        {CheckpointSigned: keeping.receive},
        on_connected=keeping.listening,
        name=f"{service.name} checkpoints",
    )
    return (listener.run, keeping.run)


async def jobs(service: Service[Any], settings: ServiceSettings, stop: asyncio.Event) -> bool:
    """Run jobs until `stop` is set; running jobs finish first, within the shutdown time."""
    from chassis.jobs import JobWorker  # noqa: PLC0415  # 20 MB that the `work` process has no need of

    require_direct(settings, "jobs")
    await wait_for_schema(service, settings, stop)
    readiness = Readiness()
    async with AsyncExitStack() as stack:
        await _watch_peers(service.job_peers, settings, readiness, stack)
        app = await stack.enter_async_context(service.jobs(settings).open_async())
        worker = JobWorker(
            app,
            service=service.name,
            grace_seconds=settings.shutdown_seconds,
            silence_seconds=settings.job_silence_seconds,
        )
        readiness.add("database", worker.ping)
        readiness.add("worker", worker.check)
        return await _run([worker.run, worker.measure], readiness, settings, stop)


async def _watch_peers(peers: Sequence[str], settings: ServiceSettings, readiness: Readiness, stack: AsyncExitStack) -> None:
    """Make readiness depend on reaching the peers with the certificate that jobs use."""
    if not peers:
        return
    from chassis.rpc import connect  # noqa: PLC0415  # gRPC is large, and most jobs have no need of it

    for peer in peers:
        channel = await stack.enter_async_context(connect(settings, peer))
        # A ready channel has completed the handshake: a peer that requires a certificate refuses connections without one.
        readiness.add(peer, channel.channel_ready)


async def _run(background: Sequence[Background], readiness: Readiness, settings: ServiceSettings, stop: asyncio.Event) -> bool:
    backgrounds = Backgrounds([*background, watch_loop])
    async with ops_server(settings.ops_host, settings.ops_port, readiness) as ops_port:
        backgrounds.start(stop)
        settle()
        log.info("working", ops_port=ops_port)
        await stop.wait()
        readiness.draining = True
        await backgrounds.stop(grace_seconds=settings.shutdown_seconds)
    return not backgrounds.failed
