"""Write docs/openapi.json: the gateway's merge of the four services' documents, made without running processes."""

import argparse
import json
from importlib import import_module
from pathlib import Path
from typing import Any

from chassis.auth import EndedMemberships, JwksKeys, SubjectRoles, TokenVerifier
from chassis.auth.revocations import Revocations
from chassis.policies import Policies
from chassis.rest import create_app
from gateway.openapi_merge import merge
from gateway.routes import ROUTES, SERVICES
from kernel.clock import SystemClock

TARGET = Path(__file__).parents[2] / "docs" / "openapi.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=TARGET, help="where to write it")
    output: Path = parser.parse_args().output
    merged = merge({service: describe(service) for service in SERVICES}, ROUTES)
    for problem in merged.problems:
        print(f"openapi: {problem}")
    output.write_text(json.dumps(merged.document, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if merged.problems else 0


def describe(service: str) -> dict[str, Any]:
    """Return one service's own document. The app gets dependencies that are never called."""
    clock = SystemClock()
    app = create_app(
        title=f"Elcorp {service}",
        application=None,
        routers=import_module(f"{service}.interfaces.rest").ROUTERS,
        verifier=TokenVerifier("", "", JwksKeys("", clock=clock), clock),
        policies=Policies(clock),
        subject_roles=SubjectRoles(clock),
        memberships=EndedMemberships(clock),
        revocations=Revocations(),
        idempotency=None,
    )
    return app.openapi()


if __name__ == "__main__":
    raise SystemExit(main())
