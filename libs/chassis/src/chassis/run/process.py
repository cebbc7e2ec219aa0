"""Runs a process: telemetry, uvloop, signals and exit code."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import NoReturn

import uvloop

from chassis import telemetry
from chassis.settings import ProcessSettings
from chassis.telemetry import log
from chassis.telemetry.stderr import stderr_in_log
from chassis.waiting import StoppedWaiting

FAILED = 1
USAGE_ERROR = 2


def run_process(name: str, settings: ProcessSettings, body: Callable[[asyncio.Event], Awaitable[bool]]) -> NoReturn:
    """Run `body` and exit: with 0 if it returned True, else 1; with 2 before it runs if settings are unusable.

    SIGTERM and SIGINT set the event that is passed to `body`, which then finishes its work; a second SIGINT exits at once.
    Output of libraries on standard error becomes log lines.
    """
    _require_authority(name, settings)
    telemetry.setup(name, settings)
    with stderr_in_log(name):
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            succeeded = runner.run(_guarded(name, body))
        telemetry.shut_down()
    sys.exit(0 if succeeded else FAILED)


def run_command(name: str, settings: ProcessSettings, body: Callable[[], Awaitable[int]]) -> NoReturn:
    """Run a command that prints its result on stdout, with log lines on stderr, and exit with its code."""
    _require_authority(name, settings)
    telemetry.setup(name, settings, stream=sys.stderr)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(_awaited(body))
    telemetry.shut_down()
    sys.exit(code)


def _require_authority(name: str, settings: ProcessSettings) -> None:
    # Not checked in the settings: they are also built where the file is not mounted, for example in the tests of k8s.
    try:
        settings.require_authority()
    except OSError as error:
        sys.stderr.write(f"{name}: ELCORP_BACKING_CA_FILE: {error}\n")
        raise SystemExit(USAGE_ERROR) from None


async def _awaited(body: Callable[[], Awaitable[int]]) -> int:
    try:
        return await body()
    except Exception as error:  # noqa: BLE001  # the outermost frame: tell, and exit with a code
        log.exception("command_failed", problem=str(error))
        return FAILED


async def _guarded(name: str, body: Callable[[asyncio.Event], Awaitable[bool]]) -> bool:
    stop = asyncio.Event()
    _listen(stop)
    log.info("starting", process=name, pid=os.getpid())
    try:
        succeeded = await body(stop)
    except StoppedWaiting as error:
        log.info("stopped", process=name, while_waiting_for=str(error))
        return True
    except Exception as error:  # noqa: BLE001  # the outermost frame: tell, and exit with a code
        log.exception("process_failed", process=name, problem=str(error))
        return False
    log.info("stopped", process=name, succeeded=succeeded)
    return succeeded


def settle() -> None:
    """Call this after start-up: start the garbage collector, and exclude the objects made until then.

    A full collection over 150,000 objects of modules and routes delays every request by a tenth of a second.
    """
    gc.collect()
    gc.freeze()
    gc.enable()


def _listen(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def ask_to_stop(number: signal.Signals) -> None:
        if stop.is_set() and number is signal.SIGINT:
            os._exit(128 + number)
        log.info("stopping", signal=number.name)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop, number)
