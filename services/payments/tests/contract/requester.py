"""A caller with permission for every request, and the outcomes of their requests."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import httpx

from chassis.rpc import RemoteError
from elcorp.payments.v1 import payments_pb2
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.peers import Stub, order
from services.payments.tests.contract.ways import WAYS

REASON: Final = {"reason": "asked for by the payer"}
# The permissions that every request together requires.
EVERY_ROLE: Final = ("admin",)
ACCEPTED: Final = "accepted"


@dataclass
class Requester:
    """A caller who has transfers to refund, capture, void, reverse and approve, and a wallet to freeze."""

    bank: Bank
    stub: Stub
    caller: Holder
    other: Holder
    received: str
    sent_hold: str
    received_hold: str
    of_others: str
    waiting: str

    @classmethod
    async def open(cls, bank: Bank, stub: Stub) -> "Requester":
        caller, other, third = await bank.holder("1000.00"), await bank.holder("1000.00"), await bank.holder()
        received, of_others = await bank.made(other, caller, "10.00"), await bank.made(other, third, "10.00")
        sent_hold = await bank.made(caller, other, "10.00", capture="later")
        received_hold = await bank.made(other, caller, "10.00", capture="later")
        bank.approve_above("10.00")
        waiting = await bank.made(other, third, "10.00")
        bank.approve_above("5000.00")
        made = (received, sent_hold, received_hold, of_others, waiting)
        return cls(bank, stub, caller, other, *(one["id"] for one in made))

    async def post(self, path: str, body: Mapping[str, Any], key: str, **rest: Any) -> str:
        return outcome_of(await self.bank.post(path, self.caller.user_id, body, key=key, **({"roles": EVERY_ROLE} | rest)))


Ask: TypeAlias = Callable[[Requester, str], Awaitable[str]]


def outcome_of(answer: httpx.Response) -> str:
    """Return that a request was accepted, or the code of its error."""
    return ACCEPTED if answer.is_success else answer.json()["code"]


def by(path: str) -> Ask:
    async def ask(requester: Requester, key: str) -> str:
        body_of, _ = WAYS[path]
        return await requester.post(path, body_of(requester.caller, requester.other, "4.00"), key)

    return ask


async def by_rpc(requester: Requester, key: str) -> str:
    request = payments_pb2.TransferRequest(order=order(requester.bank, requester.caller, requester.other, "4.00", key=key))
    try:
        await requester.stub.Transfer(request)
    except RemoteError as refused:
        return refused.code
    return ACCEPTED


def issuance(requester: Requester) -> dict[str, Any]:
    return {"wallet_id": str(requester.caller.wallet_id), "amount": "1.00", "currency": "NAD", "reason": "salaries of July"}


ASKS: Final[Mapping[str, Ask]] = {
    "transfer": by("/transfers"),
    "payment": by("/payments"),
    "linked": by("/transfers/linked"),
    "bulk": by("/transfers/bulk"),
    "schedule": by("/transfers/schedules"),
    "refund": lambda requester, key: requester.post(f"/transfers/{requester.received}/refund", {**REASON, "amount": "1.00"}, key),
    "reversal": lambda requester, key: requester.post(f"/transfers/{requester.of_others}/reverse", REASON, key),
    "issuance": lambda requester, key: requester.post("/issuances", issuance(requester), key),
    "capture": lambda requester, key: requester.post(f"/transfers/{requester.sent_hold}/capture", {}, key),
    "void": lambda requester, key: requester.post(f"/transfers/{requester.received_hold}/void", REASON, key),
    "approval": lambda requester, key: requester.post(f"/transfers/{requester.waiting}/approve", {}, key),
    "freeze": lambda requester, key: requester.post(f"/wallets/{requester.other.wallet_id}/freeze", REASON, key),
    "wallet": lambda requester, key: requester.post("/wallets", {"currency": "USD"}, key),
    "rpc": by_rpc,
}


def require_replay(first: httpx.Response, again: httpx.Response) -> None:
    """Require that a response repeats the first one."""
    assert again.status_code == first.status_code, again.text
    assert again.json()["data"] == first.json()["data"]
    assert (first.headers.get("idempotency-replayed"), again.headers.get("idempotency-replayed")) == (None, "true")
    assert again.headers.get("location") == first.headers.get("location")


async def captured_in_part(bank: Bank, made: str, payee: Holder) -> httpx.Response:
    return await bank.post(f"/transfers/{made}/capture", payee.user_id, {"amount": "33.33"})
