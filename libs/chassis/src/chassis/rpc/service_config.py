"""The service config of a channel: how it chooses a backend, and which calls it retries."""

import json
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from elcorp.platform.v1 import journal_pb2

_REPEATABLE = (MethodOptions.NO_SIDE_EFFECTS, MethodOptions.IDEMPOTENT)
_RETRY = {
    "maxAttempts": 3,
    "initialBackoff": "0.02s",
    "maxBackoff": "0.2s",
    "backoffMultiplier": 3,
    "retryableStatusCodes": ["UNAVAILABLE"],
}


def services_of(peer: str) -> Sequence[ServiceDescriptor]:
    """Return the gRPC services of a context: those of its contract elcorp/<peer>/v1/<peer>.proto, and those of the platform."""
    contract = import_module(f"elcorp.{peer}.v1.{peer}_pb2")
    return [*contract.DESCRIPTOR.services_by_name.values(), *journal_pb2.DESCRIPTOR.services_by_name.values()]


def service_config(services: Sequence[ServiceDescriptor]) -> str:
    """Render the service config: round robin over healthy backends, retries of calls that the contract marks as idempotent.

    Never set `timeout` here: it fires at half its time (grpc/grpc#34547); see `deadlines`.
    """
    repeatable = [
        {"service": service.full_name, "method": method.name}
        for service in services
        for method in service.methods
        if method.GetOptions().idempotency_level in _REPEATABLE
    ]
    config: dict[str, Any] = {
        "loadBalancingConfig": [{"round_robin": {}}],
        "healthCheckConfig": {"serviceName": services[0].full_name},
        # When most calls fail, retries would only add load. But a replica that dies fails all calls that it is handling at once:
        # half of the tokens are for these.
        "retryThrottling": {"maxTokens": 200, "tokenRatio": 0.2},
    }
    if repeatable:
        config["methodConfig"] = [{"name": repeatable, "retryPolicy": _RETRY}]
    return json.dumps(config)
