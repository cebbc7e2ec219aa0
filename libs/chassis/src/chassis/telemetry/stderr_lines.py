"""The program that turns a process's standard error into log lines: `stderr_lines.py <service> <redaction.py>`.

It is a separate process because it must read what a library wrote before it aborted the process. If that process is the first of
its PID namespace, as in a container, the kernel ends the reader with it, and the last lines may be lost. It runs as long as the
process and uses 10 MB, because it imports only the standard library.
"""

import importlib.util
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

LINE_BYTES_MAX = 16_384
# gRPC's format: "E0000 00:00:1764472190.123456   4711 ssl_transport_security.cc:1884] Handshake failed …".
_GRPC = re.compile(r"(?P<level>[IWEF])\d{4} \d\d:\d\d:[\d.:]+ +\d+ (?P<message>\S+:\d+\].*)")
_LEVELS = {"I": "info", "W": "warning", "E": "error", "F": "critical"}
_OUTPUT = 1


def main() -> None:
    service, redaction = sys.argv[1:]
    # It ends after the process: a signal sent to both must not lose the last lines.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    scrub = _scrub_of(redaction)
    for line in _lines():
        _write(json.dumps(fields_of(scrub(line), service), ensure_ascii=False).encode() + b"\n")


def fields_of(line: str, service: str) -> dict[str, str]:
    """Return the fields of a log line: gRPC's level and message, or the unchanged line of any other writer."""
    found = _GRPC.fullmatch(line)
    level, library, message = (_LEVELS[found["level"]], "grpc", found["message"]) if found else ("warning", "stderr", line)
    at = datetime.now(UTC).isoformat()[:-6] + "Z"
    return {"event": message, "level": level, "at": at, "service": service, "library": library}


def _lines() -> Iterator[str]:
    with open(0, "rb") as source:
        while line := source.readline(LINE_BYTES_MAX):
            text, is_cut = line.decode(errors="replace").rstrip(), _is_cut(line)
            if text:
                # Drop the last word: redaction would not recognize half of an address or a password.
                yield f"{text.rpartition(' ')[0]} …".lstrip() if is_cut else text
            while is_cut:
                is_cut = _is_cut(source.readline(LINE_BYTES_MAX))


def _is_cut(line: bytes) -> bool:
    return len(line) == LINE_BYTES_MAX and not line.endswith(b"\n")


def _write(line: bytes) -> None:
    try:
        while line:
            line = line[os.write(_OUTPUT, line) :]
    except OSError:
        # The log's reader has exited; discard the rest, so that the process can still write.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _OUTPUT)
        os.close(nowhere)


def _scrub_of(file: str) -> Callable[[str], str]:
    # Load the file by its path, because importing its package takes 50 MB.
    spec = importlib.util.spec_from_file_location("redaction", file)
    if spec is None or spec.loader is None:
        raise ImportError(file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    scrub: Callable[[str], str] = module.scrub
    return scrub


if __name__ == "__main__":
    main()
