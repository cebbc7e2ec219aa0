"""Turns the output of gRPC's core and other C libraries on standard error into log lines."""

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
    """During the block, write each line of standard error to the log on standard output.

    Python's crash reports go to the original standard error. At the end of the block, everything written so far is in the log.
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
        # If a child process still has it open, the reader continues until the child ends.
        with contextlib.suppress(subprocess.TimeoutExpired):
            reader.wait(DRAIN_SECONDS_MAX)


def _start_reader(service: str, before: int) -> "subprocess.Popen[bytes]":
    source, sink = os.pipe()
    # Isolated (-I, -S): it starts in 20 ms, and no site package or environment variable can break it.
    command = [sys.executable, "-I", "-S", stderr_lines.__file__, service, redaction.__file__]
    # Its own process group: Ctrl-C ends the process, and the reader must still read its last lines.
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
    """Log each exception that Python would print on standard error as one line, with its traceback."""

    def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.critical("uncaught_exception", problem=str(error), exc_info=(kind, error, trace))

    def uncaught_in_thread(failure: threading.ExceptHookArgs) -> None:
        # SystemExit only ends a thread, as in threading's own hook.
        if failure.exc_value is not None and not isinstance(failure.exc_value, SystemExit):
            uncaught(failure.exc_type, failure.exc_value, failure.exc_traceback)

    def unraisable(failure: "sys.UnraisableHookArgs") -> None:
        log.error("ignored_exception", problem=failure.err_msg or "", exc_info=failure.exc_value or True)

    sys.excepthook, threading.excepthook, sys.unraisablehook = uncaught, uncaught_in_thread, unraisable
    logging.captureWarnings(capture=True)
