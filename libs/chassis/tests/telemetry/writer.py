"""A process that writes to standard error past its log, for tests: `python writer.py <what>`."""

import asyncio
import ctypes
import os
import subprocess
import sys
import threading
import warnings
from typing import NoReturn

from chassis.output import survive_closed_pipes
from chassis.process_settings import ProcessSettings
from chassis.run.process import run_process
from chassis.telemetry.stderr_lines import LINE_BYTES_MAX

CORE = "0000 00:00:1764472190.123456    4711 ssl_transport_security.cc:1884]"
MANY = 20_000


def by_core() -> None:
    for letter in "IWEF":
        os.write(2, f"{letter}{CORE} Handshake {letter}\n".encode())


def many() -> None:
    for number in range(MANY):
        os.write(2, f"line {number}\n".encode())


def private() -> None:
    os.write(2, b"connection to postgresql://app:hunter2@db/payments failed for ndapewa@example.na\n")


def long() -> None:
    word = b"far "
    address = b"ndapewa@example.na"
    os.write(2, word * (LINE_BYTES_MAX // 4 - 2) + address + b" " + address + b" again" * LINE_BYTES_MAX + b"\n")
    os.write(2, b"x" * 3 * LINE_BYTES_MAX + b"\n")
    os.write(2, b"y" * (LINE_BYTES_MAX - 1) + b"\n")
    os.write(2, b"the next line\n")


def ends() -> None:
    subprocess.run([sys.executable, "-c", "import os; os.write(2, b'from a child\\n')"], check=True)
    os.write(2, b"the last words")


def aborting() -> NoReturn:
    os.write(2, f"F{CORE} Check failed: x != nullptr\n".encode())
    os.abort()


def exceptions() -> None:
    class Broken:
        def __del__(self) -> None:
            raise ValueError("in a finalizer")

    def fail() -> None:
        raise ValueError("in a thread")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    leaving = threading.Thread(target=sys.exit, args=("out of a thread",))
    leaving.start()
    leaving.join()
    Broken()
    warnings.warn("a warning", RuntimeWarning, stacklevel=1)
    ctypes.pythonapi.PySys_WriteStderr(b"by the interpreter\n")
    sys.stderr.write("by a module of Python\n")


async def main(_stop: asyncio.Event) -> bool:
    WHAT[sys.argv[1]]()
    return True


WHAT = {f.__name__: f for f in (by_core, many, private, long, ends, aborting, exceptions)}

if __name__ == "__main__":
    survive_closed_pipes()
    run_process("writer", ProcessSettings(environment="local"), main)
