"""A small service for the tests of `chassis.run`, started as real processes: `python doors.py serve|work|jobs`."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import text

from chassis.health import Readiness
from chassis.persistence.database import Database
from chassis.process_settings import SettingRefused
from chassis.run import Command, Service, Serving, Working, main
from chassis.settings import ServiceSettings
from chassis.telemetry import log

if TYPE_CHECKING:
    import procrastinate


class DoorSettings(ServiceSettings):
    NAME: ClassVar[str] = "doors"
    crash_after_seconds: float | None = None
    # Serve a method whose contract names no callers.
    unguarded: bool = False
    lock: str = "its own"


async def until(drained: asyncio.Event) -> AsyncIterator[bytes]:
    yield b"first "
    await drained.wait()
    yield b"last"


@asynccontextmanager
async def serving(settings: DoorSettings) -> AsyncIterator[Serving]:
    from fastapi import FastAPI  # noqa: PLC0415
    from fastapi.responses import StreamingResponse  # noqa: PLC0415

    from chassis.rpc import RpcService  # noqa: PLC0415
    from elcorp.compliance.v1 import compliance_pb2, compliance_pb2_grpc  # noqa: PLC0415

    readiness = Readiness()
    app = FastAPI()
    drained = asyncio.Event()

    async def until_drained(door: str) -> None:
        """Run until well after the process was asked to stop."""
        log.info("entered", door=door)
        while not readiness.draining:  # noqa: ASYNC110  # a field
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)

    @app.get("/slow")
    async def slow() -> dict[str, bool]:
        await until_drained("rest")
        return {"done": True}

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(until(drained))

    @app.get("/quick")
    async def quick() -> dict[str, bool]:
        return {"done": True}

    class Screening(compliance_pb2_grpc.ScreeningServiceServicer):
        async def ScreenTransfers(self, request, context):  # noqa: N802
            await until_drained("rpc")
            return compliance_pb2.ScreenTransfersResponse(verdicts=[compliance_pb2.Verdict(clear=True)])

    async def crash(stop: asyncio.Event) -> None:
        if settings.crash_after_seconds is None:
            await stop.wait()
            return
        await asyncio.sleep(settings.crash_after_seconds)
        raise RuntimeError("the hinges gave way")

    add = compliance_pb2_grpc.add_ScreeningServiceServicer_to_server
    services = [RpcService(add, Screening(), "elcorp.compliance.v1.ScreeningService")]
    if settings.unguarded:
        services.append(RpcService(lambda _servicer, _server: None, object(), unguarded()))
    yield Serving(app, services, readiness, [crash], end_streams=drained.set)
    sys.stdout.write("pools closed\n")


def unguarded() -> str:
    """Create a contract that does not say who may call its method; return the service's name."""
    from google.protobuf import descriptor_pb2, descriptor_pool, empty_pb2  # noqa: PLC0415

    file = descriptor_pb2.FileDescriptorProto(name="doors.proto", package="doors", dependency=[empty_pb2.DESCRIPTOR.name])
    empty = f".{empty_pb2.Empty.DESCRIPTOR.full_name}"
    file.service.add(name="Doors").method.add(name="Open", input_type=empty, output_type=empty)
    descriptor_pool.Default().Add(file)
    return "doors.Doors"


@asynccontextmanager
async def working(settings: DoorSettings) -> AsyncIterator[Working]:
    async def handle(stop: asyncio.Event) -> None:
        await stop.wait()
        await asyncio.sleep(0.1)
        sys.stdout.write("message finished\n")

    database = Database.of(settings, pool_size=1)
    yield Working([handle], Readiness(), database)
    await database.close()


def jobs(settings: DoorSettings) -> "procrastinate.App":
    from procrastinate import Blueprint  # noqa: PLC0415

    from chassis.jobs import make_jobs  # noqa: PLC0415

    blueprint = Blueprint()

    @blueprint.task(name="paint")
    async def paint(path: str) -> None:
        Path(path).write_text("begun")  # noqa: ASYNC240
        while not Path(path).with_suffix(".end").exists():  # noqa: ASYNC110  # a test in another process creates it
            await asyncio.sleep(0.01)
        Path(path).write_text("done")  # noqa: ASYNC240

    return make_jobs(settings, [blueprint])


async def modules(settings: DoorSettings, arguments: object) -> int:
    sys.stdout.write(f"{settings.NAME} {os.getpid()}\n")
    return 3


async def check_lock(settings: DoorSettings, database: Database) -> None:
    async with database.read() as connection:
        name = await connection.scalar(text("SELECT left(current_database(), 10)"))
    if settings.lock != "its own":
        raise SettingRefused(f"ELCORP_LOCK does not fit the database {name}")


SERVICE = Service(
    name="doors",
    settings=DoorSettings,
    serving=serving,
    working=working,
    migrations=Path(__file__).parent / "versions",
    jobs=jobs,
    check=check_lock,
    commands={"whoami": Command("say who this is", modules, needs=())},
)

if __name__ == "__main__":
    main(SERVICE)
