"""Typesets one document: a program of its own, run by `chassis.files.typeset`. It imports nothing of the platform."""

import json
import sys
from typing import Final

import typst

# The processor time of a document. The parent's deadline ends it earlier on an idle machine.
CPU_SECONDS_MAX: Final = 20


def main() -> None:
    given = json.load(sys.stdin.buffer)
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[given["fonts"]])
    document = typst.compile(
        given["template"].encode(),
        format=given["format"],
        font_paths=fonts,
        ignore_system_fonts=True,
        sys_inputs={"data": given["data"]},
        timestamp=given["timestamp"],
    )
    if not isinstance(document, bytes):
        raise TypeError(f"typst made {type(document).__name__}, not one document")
    sys.stdout.buffer.write(document)


if __name__ == "__main__":
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX))
    main()
