"""Typesets one document: a program of its own, run by `chassis.files.typeset`. It imports nothing of the platform."""

import json
import resource
import sys
from typing import Final

# The processor time of a document. The deadline of its request ends it earlier on an idle machine.
CPU_SECONDS_MAX: Final = 20


def main() -> None:
    import typst  # noqa: PLC0415  # only images of services that make PDFs have it, and all import every module when checked

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
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX))
    main()
