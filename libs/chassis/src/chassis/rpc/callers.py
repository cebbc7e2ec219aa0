"""The calling service, and the metadata keys of a call."""

from collections.abc import Collection, Iterable, Mapping
from contextvars import ContextVar
from typing import Any

import grpc

from kernel.actor import Actor
from kernel.errors import AccessDenied, DomainError, Kind

SERVICE = "x-elcorp-service"
REQUEST_ID = "x-request-id"
ON_BEHALF_OF = "x-elcorp-actor"
TRACEPARENT = "traceparent"

# The Kubernetes namespace of the services, which their certificates contain.
NAMESPACE = "elcorp"
TRUST_DOMAIN = "elcorp.na"

serving: ContextVar[Actor | None] = ContextVar("serving", default=None)


class UnknownCaller(DomainError):
    """The call does not name the calling service, or its certificate does not match that name."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_003"


class CallerNotNamed(AccessDenied):
    """The method's contract does not name this service as a caller."""


def caller() -> Actor:
    """Return the service whose call is being served; raises UnknownCaller outside a call."""
    if actor := serving.get():
        return actor
    raise UnknownCaller


def identify(metadata: Mapping[str, str | bytes], context: grpc.aio.ServicerContext[Any, Any]) -> Actor:
    """Return the calling service.

    Under mutual TLS the certificate decides: its subject alternative names must contain the claimed name. Without TLS only the
    network policy keeps other callers out, and the claimed name is used for logs and the audit log.
    """
    name = str(metadata.get(SERVICE, ""))
    peer = context.auth_context()
    # A certificate without alternative names certifies no service, so their absence does not mean that there is no TLS.
    is_plain = "x509_pem_cert" not in peer
    certified = [entry.decode("utf-8", "replace") for entry in peer.get("x509_subject_alternative_name", ())]
    if not name or not (is_plain or certifies(name, certified)):
        raise UnknownCaller(claimed=name[:64])
    return Actor.service(name, request_id=str(metadata.get(REQUEST_ID, ""))[:128])


def certifies(service: str, certified: Iterable[str]) -> bool:
    """Return whether a certificate with these alternative names is the service's."""
    # Compare whole names: the same authority may certify payments.test.svc, which is another service.
    host = f"{service}.{NAMESPACE}"
    names = {service, host, f"{host}.svc", f"{host}.svc.cluster.local", f"spiffe://{TRUST_DOMAIN}/{service}"}
    return not names.isdisjoint(certified)


def require_named(caller: Actor, named: Collection[str], *, method: str) -> None:
    """Raise CallerNotNamed if the service may not call the method."""
    if caller.subject_id not in named:
        raise CallerNotNamed(caller=caller.subject_id[:64], method=method)
