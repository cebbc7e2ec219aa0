"""`python -m gateway serve|openapi|routes`."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import NoReturn

from chassis.output import survive_closed_pipes
from chassis.run.load_settings import load_settings
from gateway.routes import API_PREFIX, ROUTES
from gateway.settings import GatewaySettings


def main() -> NoReturn:
    """Run the command of the command line, and exit with its code."""
    survive_closed_pipes()
    arguments = _parser().parse_args()
    if arguments.command == "routes":
        sys.exit(_print_routes())
    needs = ("rabbitmq_url", "redis_url") if arguments.command == "serve" else ()
    settings = load_settings(GatewaySettings, process="gateway", needs=needs)
    # Each command imports only what it needs.
    from chassis.run.process import run_command, run_process  # noqa: PLC0415

    if arguments.command == "openapi":
        run_command("gateway-openapi", settings, lambda: _write_openapi(settings, arguments.out))
    from gateway.bootstrap import serve  # noqa: PLC0415

    run_process("gateway", settings, lambda stop: serve(settings, stop))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gateway",
        description="The API gateway: authentication, rate limits, routing. Settings come from the environment (ELCORP_…).",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve clients", description="Serve clients until SIGTERM.")
    openapi = commands.add_parser(
        "openapi",
        help="write the merged OpenAPI document of the running services",
        description="Fetch the document of each running service, merge them and write the result.",
    )
    openapi.add_argument("--out", type=Path, help="the file to write (default: standard output)")
    commands.add_parser("routes", help="print the service of each path", description="Print the route table.")
    return parser


def _print_routes() -> int:
    for route in ROUTES:
        flags = [name for name in ("public", "strict") if getattr(route, name)]
        sys.stdout.write(f"{API_PREFIX}/{route.segment:<20} {route.service:<12} {' '.join(flags)}".rstrip() + "\n")
    return 0


async def _write_openapi(settings: GatewaySettings, out: Path | None) -> int:
    import orjson  # noqa: PLC0415  # see main

    from gateway.openapi_cache import OpenApiCache  # noqa: PLC0415
    from gateway.upstream import Upstreams  # noqa: PLC0415

    async with Upstreams.open(settings.upstreams(), connections_max=4) as upstreams:
        body, _ = await OpenApiCache(upstreams, ROUTES).get()
    document = orjson.loads(body)
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"
    if out:
        await asyncio.to_thread(out.write_text, text)
    else:
        sys.stdout.write(text)
    missing = document.get("x-missing-services", [])
    if missing:
        sys.stderr.write(f"gateway: no OpenAPI document from {', '.join(missing)}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    main()
