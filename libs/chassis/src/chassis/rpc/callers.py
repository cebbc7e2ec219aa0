"""Who calls, and what travels beside a request: names of metadata keys, and the caller being served."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

import grpc

from kernel.actor import Actor
from kernel.errors import DomainError, Kind

SERVICE = "x-elcorp-service"
REQUEST_ID = "x-request-id"
ON_BEHALF_OF = "x-elcorp-actor"
TRACEPARENT = "traceparent"

serving: ContextVar[Actor | None] = ContextVar("serving", default=None)


class UnknownCaller(DomainError):
    """The call does not say which service makes it, or its certificate says otherwise."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_003"


def caller() -> Actor:
    """Return the service whose call is being served; raises UnknownCaller outside one."""
    if actor := serving.get():
        return actor
    raise UnknownCaller


def identify(metadata: Mapping[str, str | bytes], context: grpc.aio.ServicerContext[Any, Any]) -> Actor:
    """Tell which service calls.

    Under mutual TLS the certificate decides: its subject alternative names must hold the name that is claimed. Without
    TLS the network policy is what keeps strangers out, and the claim serves the logs and the audit trail.
    """
    name = str(metadata.get(SERVICE, ""))
    names_certified = context.auth_context().get("x509_subject_alternative_name")
    if not name or (names_certified is not None and not _certified(name, names_certified)):
        raise UnknownCaller(claimed=name[:64])
    return Actor.service(name, request_id=str(metadata.get(REQUEST_ID, ""))[:128])


def _certified(name: str, names: object) -> bool:
    # "payments" is certified as payments, payments.elcorp.svc.cluster.local, or spiffe://elcorp.na/payments.
    texts = [entry.decode() for entry in names if isinstance(entry, bytes)] if isinstance(names, list | tuple) else []
    return any(text == name or text.startswith(f"{name}.") or text.endswith(f"/{name}") for text in texts)
