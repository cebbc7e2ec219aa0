"""What is written to standard error, by gRPC's core and other libraries of C, as lines of the log."""

import contextlib
import faulthandler
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from chassis.telemetry import redaction, stderr_lines
from chassis.telemetry.logs import log

_STDERR = 2
DRAIN_SECONDS_MAX = 2.0


@contextmanager
def stderr_in_log(service: str) -> Iterator[None]:
    """For the length of the block, read standard error line by line into the log on standard output.

    At a crash Python's own account of it goes to the standard error of before. At the block's end everything written so far
    is in the log.
    """
    _log_exceptions()
    before = _duplicate(_STDERR)
    faulthandler.enable(before, all_threads=True)
    reader = _start_reader(service, before)
    try:
        yield
    finally:
        _flush()
        os.dup2(before, _STDERR)
        # What a child process still holds open is read until that ends, by the reader alone.
        with contextlib.suppress(subprocess.TimeoutExpired):
            reader.wait(DRAIN_SECONDS_MAX)


def _start_reader(service: str, before: int) -> "subprocess.Popen[bytes]":
    source, sink = os.pipe()
    # Without the site's packages and the environment's settings of Python: 20 ms, and nothing that could fail.
    command = [sys.executable, "-I", "-S", stderr_lines.__file__, service, redaction.__file__]
    # A group of its own: Ctrl-C is for the process, whose last lines are still to be read.
    reader = subprocess.Popen(command, stdin=source, stderr=before, process_group=0)  # noqa: S603  # our own program
    os.close(source)
    _flush()
    os.dup2(sink, _STDERR)
    os.close(sink)
    return reader


def _duplicate(descriptor: int) -> int:
    try:
        return os.dup(descriptor)
    except OSError:  # the process was started without one
        return os.open(os.devnull, os.O_WRONLY)


def _flush() -> None:
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


def _log_exceptions() -> None:
    """Write what Python would print on standard error as one line each, traceback and all."""

    def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.critical("uncaught_exception", problem=str(error), exc_info=(kind, error, trace))

    def uncaught_in_thread(told: threading.ExceptHookArgs) -> None:
        if told.exc_value is not None:
            uncaught(told.exc_type, told.exc_value, told.exc_traceback)

    def unraisable(told: "sys.UnraisableHookArgs") -> None:
        log.error("ignored_exception", problem=told.err_msg or "", exc_info=told.exc_value or True)

    sys.excepthook, threading.excepthook, sys.unraisablehook = uncaught, uncaught_in_thread, unraisable
    logging.captureWarnings(capture=True)
