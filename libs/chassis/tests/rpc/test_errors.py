import grpc
import pytest
from google.rpc import error_details_pb2
from grpc import aio
from grpc_status import rpc_status
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import STATUS
from chassis.rpc import RemoteError, RemoteUnavailable
from chassis.rpc.status import DETAILS_KEY, FACTS_MAX, decode, encode
from elcorp.compliance.v1 import compliance_pb2 as compliance
from kernel.errors import DomainError, Kind, NotFound, Unavailable

CALLER = (("x-elcorp-service", "payments"),)


class TooMuch(DomainError):
    """The amount is beyond the limit."""

    kind = Kind.REFUSED
    code = "PAY_042"


class Beyond(TooMuch):
    """The amount is beyond the limit."""

    disclosed = ("left", "period", "count", "known")


class Busy(Unavailable):
    """The pool is full."""

    code = "SRV_003"


def raising(error: BaseException):
    async def answer() -> None:
        raise error

    return answer


async def test_a_domain_error_arrives_with_the_same_kind_code_message_and_facts(stub, screening, ask):
    screening.answer = raising(TooMuch(limit="100.00", wallet_id=7))
    with pytest.raises(RemoteError) as caught:
        await stub.ScreenTransfers(ask())
    error = caught.value
    assert (error.kind, error.code, error.message) == (Kind.REFUSED, "PAY_042", "The amount is beyond the limit.")
    assert error.facts == {"limit": "100.00", "wallet_id": "7"}
    assert error.peer == "compliance"
    assert screening.calls == 1


async def test_details_for_callers_arrive_unchanged(stub, screening, ask):
    screening.answer = raising(Beyond(left="1.00", period="day", count=3, known=["a", "b"], wallet_id=7))
    with pytest.raises(RemoteError) as caught:
        await stub.ScreenTransfers(ask())
    assert caught.value.details == {"left": "1.00", "period": "day", "count": 3, "known": ["a", "b"]}
    assert caught.value.facts == {"left": "1.00", "period": "day", "count": "3", "known": "['a', 'b']", "wallet_id": "7"}
    screening.answer = raising(TooMuch(limit="100.00"))
    with pytest.raises(RemoteError) as caught:
        await stub.ScreenTransfers(ask())
    assert caught.value.details == {}


def test_details_too_long_for_a_trailer_are_omitted():
    error = Beyond(left="x" * 2000)
    assert len(encode(error, grpc.StatusCode.FAILED_PRECONDITION).SerializeToString()) < 1_000


@pytest.mark.parametrize("kind", list(Kind))
async def test_every_kind_arrives_unchanged(stub, screening, kind, ask):
    refusal = type("Refusal", (DomainError,), {"kind": kind, "code": "X_001", "__doc__": "No."})
    screening.answer = raising(refusal())
    with pytest.raises(RemoteError) as caught:
        await stub.ScreenTransfers(ask())
    assert (caught.value.kind, caught.value.code, caught.value.message) == (kind, "X_001", "No.")
    assert isinstance(caught.value, Unavailable) is (kind is Kind.UNAVAILABLE)


async def test_the_invalid_field_and_the_waiting_time_arrive(stub, screening, ask):
    screening.answer = raising(NotFound(field="wallet_id"))
    with pytest.raises(RemoteError) as caught:
        await stub.ScreenTransfers(ask())
    assert caught.value.field == "wallet_id"
    screening.answer = raising(Busy(retry_after_seconds=7))
    with pytest.raises(RemoteUnavailable) as busy:
        await stub.ScreenTransfers(ask())
    assert (busy.value.code, busy.value.retry_after_seconds) == ("SRV_003", 7)


async def test_an_unhandled_exception_discloses_only_an_error_id(plain_stub, screening, ask):
    screening.answer = raising(ValueError("secret internals 123 at 10.0.0.7"))
    with pytest.raises(aio.AioRpcError) as caught:
        await plain_stub.ScreenTransfers(ask(), metadata=CALLER)
    returned = repr((caught.value.code(), caught.value.details(), caught.value.trailing_metadata()))
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in returned
    assert "10.0.0.7" not in returned
    assert "ValueError" not in returned
    info = error_details_pb2.ErrorInfo()
    assert rpc_status.from_call(caught.value).details[0].Unpack(info)
    assert info.reason == "SRV_001"
    assert info.metadata["error_id"]


async def test_a_request_that_violates_its_contract_names_each_field(stub, screening, ask):
    request = compliance.ScreenTransfersRequest(transfers=[compliance.Screening(initiator_id="x")])
    with pytest.raises(RemoteError) as caught:
        await stub.ScreenTransfers(request)
    assert (caught.value.kind, caught.value.code) == (Kind.INVALID, "VAL_001")
    assert {field for field, _ in caught.value.violations} == {
        "transfers[0].initiator_id",
        "transfers[0].source_id",
        "transfers[0].target_id",
        "transfers[0].amount",
    }
    assert screening.calls == 0


async def test_a_call_that_names_no_service_is_refused(plain_stub, screening, ask):
    with pytest.raises(aio.AioRpcError) as caught:
        await plain_stub.ScreenTransfers(ask())
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert screening.calls == 0


STATUSES = {
    "CANCELLED": (Kind.UNAVAILABLE, "SRV_002"),
    "UNKNOWN": (Kind.INTERNAL, "SRV_001"),
    "INVALID_ARGUMENT": (Kind.INVALID, "VAL_001"),
    "DEADLINE_EXCEEDED": (Kind.UNAVAILABLE, "SRV_002"),
    "NOT_FOUND": (Kind.NOT_FOUND, "RES_001"),
    "ALREADY_EXISTS": (Kind.CONFLICT, "RES_002"),
    "PERMISSION_DENIED": (Kind.DENIED, "ACC_001"),
    "UNAUTHENTICATED": (Kind.UNAUTHENTICATED, "AUTH_003"),
    "RESOURCE_EXHAUSTED": (Kind.EXHAUSTED, "RATE_001"),
    "FAILED_PRECONDITION": (Kind.REFUSED, "RES_003"),
    "ABORTED": (Kind.CONFLICT, "RES_002"),
    "OUT_OF_RANGE": (Kind.INVALID, "VAL_001"),
    "UNIMPLEMENTED": (Kind.INTERNAL, "SRV_001"),
    "INTERNAL": (Kind.INTERNAL, "SRV_001"),
    "UNAVAILABLE": (Kind.UNAVAILABLE, "SRV_002"),
    "DATA_LOSS": (Kind.INTERNAL, "SRV_001"),
}


def test_every_status_is_known():
    assert STATUSES.keys() == {status.name for status in grpc.StatusCode if status is not grpc.StatusCode.OK}


@pytest.mark.parametrize("name", STATUSES)
def test_every_status_without_details_has_a_kind(name):
    status = grpc.StatusCode[name]
    error = decode(aio.AioRpcError(status, aio.Metadata(), aio.Metadata(), "upstream connect error"), "compliance")
    assert (error.kind, error.code) == STATUSES[name]
    assert error.facts == {"peer": "compliance", "status": name}
    assert "upstream" not in str(error)
    # A caller that waits for an unreachable peer waits in this case too.
    assert isinstance(error, RemoteUnavailable) == (error.kind is Kind.UNAVAILABLE)


@pytest.mark.parametrize("name", STATUSES)
def test_a_kind_that_only_a_newer_peer_knows_is_derived_from_its_status(name):
    status = grpc.StatusCode[name]
    answer = encode(TooMuch(limit="1.00"), status)
    info = error_details_pb2.ErrorInfo()
    answer.details[0].Unpack(info)
    info.metadata["elcorp-kind"] = "postponed"
    answer.details[0].Pack(info)
    error = decode(
        aio.AioRpcError(status, aio.Metadata(), aio.Metadata((DETAILS_KEY, answer.SerializeToString())), "x"), "compliance"
    )
    assert (error.kind, error.code, error.facts) == (STATUSES[name][0], "PAY_042", {"limit": "1.00"})
    assert error.message == "The amount is beyond the limit."


@pytest.mark.parametrize(("seconds", "returned"), [(7, 7), (1, 1), (0, 1)])
@pytest.mark.parametrize("kind", [Kind.UNAVAILABLE, Kind.EXHAUSTED])
def test_the_waiting_time_is_sent_with_errors_that_may_be_retried(kind, seconds, returned):
    refusal = type("Refusal", (DomainError,), {"kind": kind, "code": "X_001", "__doc__": "No."})()
    refusal.retry_after_seconds = seconds
    answer = encode(refusal, STATUS[kind].grpc)
    trailers = aio.Metadata((DETAILS_KEY, answer.SerializeToString()))
    assert decode(aio.AioRpcError(STATUS[kind].grpc, aio.Metadata(), trailers, "No."), "x").retry_after_seconds == returned


def test_every_kind_has_a_status():
    assert set(STATUS) == set(Kind)


@given(
    kind=st.sampled_from(list(Kind)),
    code=st.from_regex(r"[A-Z]{3,4}_[0-9]{3}", fullmatch=True),
    facts=st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=50), max_size=FACTS_MAX),
)
def test_an_encoded_error_decodes_to_the_same(kind, code, facts):
    original = type("Refusal", (DomainError,), {"kind": kind, "code": code, "__doc__": "No."})()
    original.facts = facts
    status = STATUS[kind].grpc
    answer = encode(original, status)
    trailers = aio.Metadata((DETAILS_KEY, answer.SerializeToString()))
    error = decode(aio.AioRpcError(status, aio.Metadata(), trailers, answer.message), "compliance")
    assert (error.kind, error.code, error.facts) == (kind, code, facts)


def test_trailers_stay_small_whatever_the_facts():
    error = TooMuch(**{f"fact_{number}": "x" * 10_000 for number in range(200)})
    assert len(encode(error, grpc.StatusCode.FAILED_PRECONDITION).SerializeToString()) < 6_000
