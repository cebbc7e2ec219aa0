"""Ask this container's /readyz; exit with 0 if it is ready. Run with -IS: it must start fast and needs no packages."""

# ruff: noqa: INP001  # a script, in no package

import os
import sys
from http.client import HTTPConnection

READY = 200


def main() -> int:
    connection = HTTPConnection("127.0.0.1", int(os.environ.get("ELCORP_OPS_PORT", "8081")), timeout=4)
    try:
        connection.request("GET", "/readyz")
        return 0 if connection.getresponse().status == READY else 1
    except OSError as error:
        print(error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
