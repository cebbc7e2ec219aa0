"""Standard output and standard error whose reader may exit early, as in `… | head -3`."""

import io
import os
import sys
from typing import Any, TextIO


def survive_closed_pipes() -> None:
    """Discard output after the reader has exited, instead of failing with a traceback.

    The command still completes, with the exit status of its work: a redrive must not stop halfway.
    """
    sys.stdout = _surviving(sys.stdout)
    sys.stderr = _surviving(sys.stderr)


def _surviving(stream: TextIO) -> TextIO:
    # Leave a test's capture unchanged, and a stream that was closed before the start (None).
    if not isinstance(stream, io.TextIOWrapper) or stream not in {sys.__stdout__, sys.__stderr__}:
        return stream
    raw = _Surviving(stream.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


class _Surviving(io.FileIO):
    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            # Also protects processes that inherit the descriptor.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(data)
