"""Who calls, and what travels beside a request: names of metadata keys, and the caller being served."""

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

# Where the platform's services live: what its certificates name beside the service.
NAMESPACE = "elcorp"
TRUST_DOMAIN = "elcorp.na"

serving: ContextVar[Actor | None] = ContextVar("serving", default=None)


class UnknownCaller(DomainError):
    """The call does not say which service makes it, or its certificate says otherwise."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_003"


class CallerNotNamed(AccessDenied):
    """The method's contract does not name this service among its callers."""


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
    peer = context.auth_context()
    # A certificate without alternative names certifies nobody, so their absence does not tell that there is no TLS.
    is_plain = "x509_pem_cert" not in peer
    certified = [entry.decode("utf-8", "replace") for entry in peer.get("x509_subject_alternative_name", ())]
    if not name or not (is_plain or certifies(name, certified)):
        raise UnknownCaller(claimed=name[:64])
    return Actor.service(name, request_id=str(metadata.get(REQUEST_ID, ""))[:128])


def certifies(service: str, certified: Iterable[str]) -> bool:
    """Return whether a certificate with these alternative names is the service's."""
    # Whole names only: the same authority may certify payments.test.svc, which is another service.
    host = f"{service}.{NAMESPACE}"
    names = {service, host, f"{host}.svc", f"{host}.svc.cluster.local", f"spiffe://{TRUST_DOMAIN}/{service}"}
    return not names.isdisjoint(certified)


def require_named(caller: Actor, named: Collection[str], *, method: str) -> None:
    """Raise CallerNotNamed for a service that may not call the method."""
    if caller.subject_id not in named:
        raise CallerNotNamed(caller=caller.subject_id[:64], method=method)
