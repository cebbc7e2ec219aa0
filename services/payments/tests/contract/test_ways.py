"""Every way of moving money refuses the same wallets, for the payer and for the payee."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import pytest

from chassis.rpc import RemoteError
from chassis.testing.stored import unchanged
from elcorp.payments.v1 import payments_pb2
from kernel.ids import new_id
from services.payments.tests.contract.bank import Bank, Holder, refusal
from services.payments.tests.contract.peers import Stub, order
from services.payments.tests.contract.ways import WAYS

REASON = {"reason": "asked for by the police"}
Refusal = tuple[int, str]
Parties = tuple[Holder, Holder]


async def of_a_stranger(bank: Bank, payer: Holder, payee: Holder) -> Parties:
    return Holder(new_id(), payer.wallet_id), payee


async def from_nowhere(bank: Bank, payer: Holder, payee: Holder) -> Parties:
    return Holder(payer.user_id, new_id()), payee


async def to_nowhere(bank: Bank, payer: Holder, payee: Holder) -> Parties:
    return payer, Holder()


async def from_a_closed_wallet(bank: Bank, payer: Holder, payee: Holder) -> Parties:
    closed = await bank.holder()
    await bank.send("DELETE", f"/wallets/{closed.wallet_id}", closed.user_id)
    return closed, payee


async def to_a_closed_wallet(bank: Bank, payer: Holder, payee: Holder) -> Parties:
    await bank.send("DELETE", f"/wallets/{payee.wallet_id}", payee.user_id)
    return payer, payee


async def from_a_frozen_wallet(bank: Bank, payer: Holder, payee: Holder) -> Parties:
    await bank.staff("POST", f"/wallets/{payer.wallet_id}/freeze", REASON)
    return payer, payee


async def to_a_frozen_wallet(bank: Bank, payer: Holder, payee: Holder) -> Parties:
    await bank.staff("POST", f"/wallets/{payee.wallet_id}/freeze", REASON)
    return payer, payee


async def from_another_currency(bank: Bank, payer: Holder, payee: Holder) -> Parties:
    return await bank.holder("5.00", currency="USD"), payee


async def to_another_currency(bank: Bank, payer: Holder, payee: Holder) -> Parties:
    return payer, await bank.holder(currency="USD")


async def from_a_blocked_wallet(bank: Bank, payer: Holder, payee: Holder) -> Parties:
    bank.screening.blocked.add(payer.wallet_id)
    return payer, payee


async def to_a_blocked_wallet(bank: Bank, payer: Holder, payee: Holder) -> Parties:
    bank.screening.blocked.add(payee.wallet_id)
    return payer, payee


Wallets = Callable[[Bank, Holder, Holder], Awaitable[Parties]]
AT_ONCE: Final[Mapping[Wallets, Refusal]] = {
    of_a_stranger: (403, "ACC_001"),
    from_nowhere: (404, "RES_001"),
    to_nowhere: (404, "RES_001"),
    from_a_closed_wallet: (409, "PAY_009"),
    to_a_closed_wallet: (409, "PAY_009"),
    from_a_frozen_wallet: (409, "PAY_008"),
    to_a_frozen_wallet: (409, "PAY_008"),
    from_another_currency: (422, "PAY_004"),
    to_another_currency: (422, "PAY_004"),
    from_a_blocked_wallet: (409, "PAY_007"),
    to_a_blocked_wallet: (409, "PAY_007"),
}
# Conditions that may change before a schedule runs are accepted, and refused at the run. A file reports faulty lines.
NOT_YET: Final = (from_a_frozen_wallet, to_a_frozen_wallet, from_a_blocked_wallet, to_a_blocked_wallet)
OF_A_FILE: Final[Mapping[Wallets, Refusal | None]] = {
    **AT_ONCE,
    to_nowhere: (422, "VAL_001"),
    to_a_closed_wallet: (422, "VAL_001"),
    to_another_currency: (422, "VAL_001"),
    **dict.fromkeys(NOT_YET),
}
OF_A_PLAN: Final[Mapping[Wallets, Refusal | None]] = {**AT_ONCE, **dict.fromkeys(NOT_YET)}


async def codes_of(bank: Bank, path: str, made: str, payer: Holder) -> set[str | None]:
    """Run what was accepted, and return the codes of its errors."""
    if path == "/transfers/bulk":
        await bank.run_bulk(made)
    else:
        bank.wait(days=1)
        await bank.run_schedules()
    part = "lines" if path == "/transfers/bulk" else "runs"
    items = (await bank.get(f"{path}/{made}/{part}", payer.user_id)).json()["data"]["items"]
    assert [item["transfer_id"] for item in items] == [None] * len(items)
    return {item["code"] for item in items}


@pytest.mark.parametrize("path", WAYS)
async def test_a_repeated_request_is_reported_as_such(bank: Bank, payer: Holder, payee: Holder, path: str) -> None:
    body_of, accepted = WAYS[path]
    first, again, other = [
        await bank.post(path, payer.user_id, body_of(payer, payee, "10.00"), key=key) for key in ("k", "k", "another")
    ]
    assert [one.status_code for one in (first, again, other)] == [accepted] * 3
    assert [one.headers.get("idempotency-replayed") for one in (first, again, other)] == [None, "true", None]
    assert first.json()["data"] == again.json()["data"] != other.json()["data"]


@pytest.mark.parametrize("wallets", AT_ONCE, ids=lambda wallets: wallets.__name__)
@pytest.mark.parametrize("path", WAYS)
async def test_the_same_wallets_are_refused_by_every_way(
    bank: Bank, payer: Holder, payee: Holder, path: str, wallets: Wallets
) -> None:
    body_of, accepted = WAYS[path]
    source, target = await wallets(bank, payer, payee)
    before = [await bank.wallet(holder) for holder in (payer, payee)]
    expected = {"/transfers/bulk": OF_A_FILE, "/transfers/schedules": OF_A_PLAN}.get(path, AT_ONCE)[wallets]
    answer = await bank.post(path, source.user_id, body_of(source, target, "4.00"))
    if expected:
        assert refusal(answer) == expected
    else:
        assert answer.status_code == accepted, answer.text
        assert await codes_of(bank, path, answer.json()["data"]["id"], source) == {AT_ONCE[wallets][1]}
    assert [await bank.wallet(holder) for holder in (payer, payee)] == before


@pytest.mark.parametrize("wallets", AT_ONCE, ids=lambda wallets: wallets.__name__)
async def test_the_same_wallets_are_refused_in_a_peers_order(
    bank: Bank, payer: Holder, payee: Holder, stub: Stub, wallets: Wallets
) -> None:
    source, target = await wallets(bank, payer, payee)
    one = order(bank, source, target, "4.00")
    _, code = AT_ONCE[wallets]
    async with unchanged(bank.database, but=("outbox",) if code == "PAY_007" else ()):
        with pytest.raises(RemoteError) as refused:
            await stub.Transfer(payments_pb2.TransferRequest(order=one))
        answer = await stub.PostTransfers(payments_pb2.PostTransfersRequest(orders=[one]))
    assert (refused.value.code, answer.outcomes[0].refusal.code) == (code, code)
