"""Each caller has one namespace of idempotency keys: a key names one request across all operations."""

from typing import Final

import pytest

from chassis.testing.stored import unchanged
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.requester import ACCEPTED, ASKS, REASON, Requester
from services.payments.tests.contract.ways import WAYS, leg

# A peer's order with the same content as a transfer is the same request.
SAME: Final = frozenset({"transfer", "rpc"})


@pytest.mark.parametrize("first", ASKS)
async def test_a_used_key_cannot_name_another_request(requester: Requester, first: str) -> None:
    assert await ASKS[first](requester, "k") == ACCEPTED
    for name, ask in ASKS.items():
        if name == first or {name, first} == SAME:
            continue
        async with unchanged(requester.bank.database):
            assert (name, await ask(requester, "k")) == (name, "VAL_002")


@pytest.mark.parametrize("key", ["schedule:1", "bulk:1", "elcorp:1"])
async def test_a_key_reserved_for_the_platform_is_refused_from_callers(requester: Requester, key: str) -> None:
    async with unchanged(requester.bank.database):
        for name, ask in ASKS.items():
            assert (name, await ask(requester, key)) == (name, "VAL_001")


async def test_the_error_for_a_reserved_key_names_the_header(requester: Requester) -> None:
    for path, body in (
        ("/transfers", leg(requester.caller, requester.other, "4.00")),
        (f"/transfers/{requester.received_hold}/void", REASON),
    ):
        answer = await requester.bank.post(path, requester.caller.user_id, body, key="bulk:1")
        [detail] = answer.json()["errors"]
        assert (answer.status_code, detail["field"]) == (422, "Idempotency-Key")


@pytest.mark.parametrize("path", WAYS)
async def test_the_same_key_of_two_callers_is_two_requests(bank: Bank, payer: Holder, path: str) -> None:
    body_of, accepted = WAYS[path]
    other, payee = await bank.holder("1000.00"), await bank.holder()
    answers = [
        await bank.post(path, holder.user_id, body_of(holder, payee, "4.00"), key="k") for holder in (payer, other, payer, other)
    ]
    assert [answer.status_code for answer in answers] == [accepted] * 4
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, None, "true", "true"]
    assert answers[0].json()["data"] == answers[2].json()["data"] != answers[1].json()["data"]
