"""Write to docs/security.md what every operation requires of its caller, and whose data it shows, from the routes."""

import argparse
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from chassis.rest.route import Route
from gateway.routes import SERVICES
from kernel.reads import OTHERS, SEARCH

DOCUMENT = Path(__file__).parents[2] / "docs" / "security.md"
_TABLE = re.compile(r"(?<=<!-- assurance -->\n).*?(?=<!-- end of assurance -->)", re.DOTALL)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare the written table with the routes")
    check = parser.parse_args().check
    document = DOCUMENT.read_text(encoding="utf-8")
    if not check:
        DOCUMENT.write_text(_TABLE.sub(lambda _: table(), document), encoding="utf-8")
    elif _TABLE.findall(document) != [table()]:
        print("docs/security.md does not match the routes: run make openapi and commit", file=sys.stderr)
        return 1
    return 0


def routes(service: str) -> list[Route]:
    """Return a service's operations, by path and method."""
    found = (route for router in import_module(f"{service}.interfaces.rest").ROUTERS for route in router.routes)
    return sorted((route for route in found if isinstance(route, Route)), key=lambda route: (route.path, _method(route)))


def _method(route: Route) -> str:
    return min(route.methods or ())


def table() -> str:
    lines = ["| service | operation | request | permission | assurance | reads |", "|---|---|---|---|---|---|"]
    lines += [row for service in SERVICES for row in _rows(service)]
    return "\n" + "\n".join(lines) + "\n\n"


def _rows(service: str) -> Iterator[str]:
    for route in routes(service):
        request = f"{_method(route)} {route.path.removeprefix('/api/v1')}"
        asked = f"{_access(route)} | {_assurance(route)} | {_reads(route)}"
        yield f"| {service} | `{route.operation_id}` | `{request}` | {asked} |"


def _access(route: Route) -> str:
    if route.access is None or not route.access.authenticated:
        return "public"
    return f"`{route.access.permissions}`" if route.access.permission else "signed in"


def _assurance(route: Route) -> str:
    level = (route.assurance.value if route.assurance else "").upper()
    return f"{level}; of another person {route.others.value.upper()}" if route.others else level


def _reads(route: Route) -> str:
    found = route.reads.value.upper() if route.reads else ""
    return f"{found}, with a reason" if route.reads in {OTHERS, SEARCH} and route.takes_reason else found


if __name__ == "__main__":
    raise SystemExit(main())
