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
from chassis.process_settings import ProcessSettings, SettingRefused
from chassis.telemetry import log
from chassis.telemetry.stderr import stderr_in_log
from chassis.waiting import StoppedWaiting

# After the time for requests in progress, a process closes its connections; then it exits, even if some do not close.
CLOSING_SECONDS = 5.0
FAILED = 1
USAGE_ERROR = 2


def run_process(name: str, settings: ProcessSettings, body: Callable[[asyncio.Event], Awaitable[bool]]) -> NoReturn:
    """Run `body` and exit: with 0 if it returned True, with 2 if it raised SettingRefused, else with 1.

    SIGTERM and SIGINT set the event that is passed to `body`, which then finishes its work; a second SIGINT exits at once.
    Output of libraries on standard error becomes log lines.
    """
    telemetry.setup(name, settings)
    with stderr_in_log(name):
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            code = runner.run(_guarded(name, settings, body))
        telemetry.shut_down()
    sys.exit(code)


def run_command(name: str, settings: ProcessSettings, body: Callable[[], Awaitable[int]]) -> NoReturn:
    """Run a command that prints its result on stdout, with log lines on stderr, and exit with its code."""
    telemetry.setup(name, settings, stream=sys.stderr)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(_awaited(body))
    telemetry.shut_down()
    sys.exit(code)


async def _awaited(body: Callable[[], Awaitable[int]]) -> int:
    try:
        return await body()
    except SettingRefused as error:
        sys.stderr.write(f"{error}\n")
        return USAGE_ERROR
    except Exception as error:  # noqa: BLE001  # the outermost frame: tell, and exit with a code
        log.exception("command_failed", problem=str(error))
        return FAILED


async def _guarded(name: str, settings: ProcessSettings, body: Callable[[asyncio.Event], Awaitable[bool]]) -> int:
    stop = asyncio.Event()
    _listen(stop)
    ending = asyncio.create_task(_exit_late(stop, settings.drain_seconds + settings.shutdown_seconds + CLOSING_SECONDS))
    log.info("starting", process=name, pid=os.getpid())
    try:
        succeeded = await body(stop)
    except StoppedWaiting as error:
        log.info("stopped", process=name, while_waiting_for=str(error))
        return 0
    except SettingRefused as error:
        log.error("setting_refused", process=name, problem=str(error))
        return USAGE_ERROR
    except Exception as error:  # noqa: BLE001  # the outermost frame: tell, and exit with a code
        log.exception("process_failed", process=name, problem=str(error))
        return FAILED
    finally:
        ending.cancel()
    log.info("stopped", process=name, succeeded=succeeded)
    return 0 if succeeded else FAILED


async def _exit_late(stop: asyncio.Event, seconds: float) -> None:
    """Exit `seconds` after a stop, whatever the process still waits for: a thread, or a server that does not answer."""
    await stop.wait()
    await asyncio.sleep(seconds)
    log.error("stop_cut", seconds=seconds)
    os._exit(FAILED)


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
