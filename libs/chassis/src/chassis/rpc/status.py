"""Errors over gRPC: a DomainError is sent as a google.rpc.Status, and received with the same kind and code."""

import json
from collections.abc import Iterable, Mapping

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

from kernel.errors import DomainError, InvalidValue, Kind, Unavailable

DETAILS_KEY = "grpc-status-details-bin"
DOMAIN = "elcorp.na"
# Trailers are limited (8 KiB by default), and so is what they contain.
FACTS_MAX = 16
FACT_LENGTH_MAX = 200
VIOLATIONS_MAX = 20
RETRY_AFTER_SECONDS = 2
_KIND = "elcorp-kind"
_DETAILS = "elcorp-details"
# As JSON, so that a number or a list arrives as one.
DETAILS_LENGTH_MAX = 1000
_KINDS = {kind.value: kind for kind in Kind}

# For errors without details: from the network, a proxy, or gRPC itself.
_KIND_OF_STATUS: Mapping[grpc.StatusCode, Kind] = {
    grpc.StatusCode.CANCELLED: Kind.UNAVAILABLE,
    grpc.StatusCode.UNKNOWN: Kind.INTERNAL,
    grpc.StatusCode.INVALID_ARGUMENT: Kind.INVALID,
    grpc.StatusCode.DEADLINE_EXCEEDED: Kind.UNAVAILABLE,
    grpc.StatusCode.NOT_FOUND: Kind.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS: Kind.CONFLICT,
    grpc.StatusCode.PERMISSION_DENIED: Kind.DENIED,
    grpc.StatusCode.UNAUTHENTICATED: Kind.UNAUTHENTICATED,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Kind.EXHAUSTED,
    grpc.StatusCode.FAILED_PRECONDITION: Kind.REFUSED,
    grpc.StatusCode.ABORTED: Kind.CONFLICT,
    grpc.StatusCode.OUT_OF_RANGE: Kind.INVALID,
    grpc.StatusCode.UNIMPLEMENTED: Kind.INTERNAL,
    grpc.StatusCode.INTERNAL: Kind.INTERNAL,
    grpc.StatusCode.UNAVAILABLE: Kind.UNAVAILABLE,
    grpc.StatusCode.DATA_LOSS: Kind.INTERNAL,
}
_CODE_OF_KIND: Mapping[Kind, str] = {
    Kind.INVALID: "VAL_001",
    Kind.UNAUTHENTICATED: "AUTH_003",
    Kind.DENIED: "ACC_001",
    Kind.NOT_FOUND: "RES_001",
    Kind.CONFLICT: "RES_002",
    Kind.STALE: "RES_003",
    Kind.UNCONDITIONAL: "RES_006",
    Kind.REFUSED: "RES_003",
    Kind.EXHAUSTED: "RATE_001",
    Kind.UNAVAILABLE: "SRV_002",
    Kind.INTERNAL: "SRV_001",
}


class InvalidRequest(InvalidValue):
    """The request breaks the rules of its contract."""

    def __init__(self, violations: Iterable[tuple[str, str]]) -> None:
        self.violations = tuple(violations)[:VIOLATIONS_MAX]
        super().__init__(field=self.violations[0][0] if self.violations else None, violations=len(self.violations))


class RemoteError(DomainError):
    """A peer returned an error.

    `kind`, `code`, `message`, `field`, `facts` (as text) and `details` are the peer's own; `violations` are (field, message).
    """

    def __init__(
        self,
        *,
        peer: str,
        kind: Kind,
        code: str,
        message: str,
        facts: Mapping[str, str],
        details: Mapping[str, object] | None = None,
        violations: tuple[tuple[str, str], ...] = (),
        retry_after_seconds: int = RETRY_AFTER_SECONDS,
    ) -> None:
        # The base has these as class variables; here they belong to the one answer.
        self.__dict__.update(kind=kind, code=code)
        self.peer = peer
        self._message = message
        self.violations = violations
        self.retry_after_seconds = retry_after_seconds
        DomainError.__init__(self, field=violations[0][0] if violations else None)
        self.facts = dict(facts)
        self._details = dict(details or {})

    @property
    def message(self) -> str:
        return self._message

    @property
    def details(self) -> dict[str, object]:
        return self._details


class RemoteUnavailable(RemoteError, Unavailable):
    """A peer is unreachable or too slow, or reports that one of its dependencies is."""


def encode(error: DomainError, status: grpc.StatusCode) -> status_pb2.Status:
    """Encode an error with its own message and facts; never a traceback or a cause."""
    facts = {_text(name): _text(value) for name, value in list(error.facts.items())[:FACTS_MAX]}
    metadata = {**facts, _KIND: error.kind.value}
    # Omit details that are too long for a person to read; truncated details would be wrong.
    if error.details and len(told := _text(json.dumps(error.details), DETAILS_LENGTH_MAX + 1)) <= DETAILS_LENGTH_MAX:
        metadata[_DETAILS] = told
    details = [error_details_pb2.ErrorInfo(reason=error.code, domain=DOMAIN, metadata=metadata)]
    answer = status_pb2.Status(code=status.value[0], message=error.message, details=[_pack(detail) for detail in details])
    if violations := _violations(error):
        violated = [error_details_pb2.BadRequest.FieldViolation(field=field, description=text) for field, text in violations]
        answer.details.append(_pack(error_details_pb2.BadRequest(field_violations=violated)))
    if error.kind in {Kind.UNAVAILABLE, Kind.EXHAUSTED}:
        delay = Duration(seconds=int(getattr(error, "retry_after_seconds", RETRY_AFTER_SECONDS)))
        answer.details.append(_pack(error_details_pb2.RetryInfo(retry_delay=delay)))
    return answer


def decode(error: grpc.aio.AioRpcError, peer: str) -> RemoteError:
    """Decode a peer's error; an error without our details (from the network or a proxy) is known by its status only."""
    answer = _status_of(error)
    info, bad_request, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    for detail in answer.details:
        for known in (info, bad_request, retry):
            detail.Unpack(known)
    if info.domain != DOMAIN:
        return _bare(error.code(), peer)
    facts = dict(info.metadata)
    kind = _kind(facts.pop(_KIND, ""), error.code())
    details = json.loads(facts.pop(_DETAILS, "{}"))
    remote = RemoteUnavailable if kind is Kind.UNAVAILABLE else RemoteError
    return remote(
        peer=peer,
        kind=kind,
        code=info.reason,
        message=answer.message,
        facts=facts,
        details=details,
        violations=tuple((violation.field, violation.description) for violation in bad_request.field_violations),
        retry_after_seconds=max(1, retry.retry_delay.seconds) if retry.HasField("retry_delay") else RETRY_AFTER_SECONDS,
    )


def _bare(status: grpc.StatusCode, peer: str) -> RemoteError:
    kind = _KIND_OF_STATUS[status]
    facts = {"peer": peer, "status": status.name}
    if kind is Kind.UNAVAILABLE:
        return RemoteUnavailable(peer=peer, kind=kind, code=Unavailable.code, message=Unavailable().message, facts=facts)
    message = "A peer answered with an error."
    return RemoteError(peer=peer, kind=kind, code=_CODE_OF_KIND[kind], message=message, facts=facts)


def _status_of(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            return status_pb2.Status.FromString(value)
    return status_pb2.Status()


def _kind(text: str, status: grpc.StatusCode) -> Kind:
    # A newer peer may send a kind that this release does not know.
    return _KINDS.get(text) or _KIND_OF_STATUS[status]


def _violations(error: DomainError) -> list[tuple[str, str]]:
    violations = getattr(error, "violations", ())
    if violations:
        return list(violations)[:VIOLATIONS_MAX]
    return [(error.field, error.message)] if error.field else []


def _text(value: object, length_max: int = FACT_LENGTH_MAX) -> str:
    # Protobuf refuses lone surrogates; encoding an error must not fail because of the caller's input.
    return str(value)[:length_max].encode("utf-8", "replace").decode()


def _pack(detail: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest | error_details_pb2.RetryInfo) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(detail)
    return packed
