"""The first response is repeated to its caller only: also without the permission now, and across releases."""

import hashlib
from collections.abc import Mapping
from typing import Any

import httpx
import psycopg
import pytest

from chassis.rpc import RemoteError
from chassis.testing.databases import DatabaseUrls
from chassis.testing.policies import bundle_of
from chassis.testing.stored import unchanged
from elcorp.payments.v1 import payments_pb2
from kernel.ids import new_id
from services.payments.tests.contract.bank import GRANTS, Bank, Holder, refusal
from services.payments.tests.contract.peers import order
from services.payments.tests.contract.requester import (
    EVERY_ROLE,
    REASON,
    Requester,
    captured_in_part,
    issuance,
    require_replay,
)
from services.payments.tests.contract.ways import WAYS, leg


async def as_admin(requester: Requester, path: str, body: Mapping[str, Any], **rest: Any) -> httpx.Response:
    return await requester.bank.post(path, requester.caller.user_id, body, **({"key": "k", "roles": EVERY_ROLE} | rest))


def guarded(requester: Requester) -> Mapping[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Return operations that require a permission, each with its body and a different body."""
    own = ("/payments", "/transfers/linked", "/transfers/bulk", "/transfers/schedules")
    payment, linked, bulk, schedule = (WAYS[path][0] for path in own)
    parties, also = (requester.caller, requester.other), {"reason": "another"}
    return {
        "/transfers": (leg(*parties, "4.00"), leg(*parties, "5.00")),
        "/payments": (payment(*parties, "4.00"), payment(*parties, "5.00")),
        "/transfers/linked": (linked(*parties, "4.00"), linked(*parties, "5.00")),
        "/transfers/bulk": (bulk(*parties, "4.00"), bulk(*parties, "5.00")),
        "/transfers/schedules": (schedule(*parties, "4.00"), schedule(*parties, "5.00")),
        "/issuances": (issuance(requester), {**issuance(requester), "amount": "2.00"}),
        f"/transfers/{requester.received}/refund": ({**REASON, "amount": "1.00"}, REASON),
        f"/transfers/{requester.of_others}/reverse": (REASON, also),
        f"/transfers/{requester.sent_hold}/capture": ({}, {"amount": "1.00"}),
        f"/transfers/{requester.waiting}/reject": (REASON, also),
        f"/wallets/{requester.other.wallet_id}/freeze": (REASON, also),
    }


async def test_without_the_permission_only_the_first_response_is_returned(requester: Requester) -> None:
    for path, (body, another) in guarded(requester).items():
        for unused in (body, {**body, "dry_run": True}, another):
            async with unchanged(requester.bank.database):
                assert (path, refusal(await as_admin(requester, path, unused, roles=(), key="new"))) == (path, (403, "ACC_001"))
        first = await as_admin(requester, path, body, key=path)
        assert first.is_success, first.text
        async with unchanged(requester.bank.database):
            require_replay(first, await as_admin(requester, path, body, key=path, roles=()))
            assert (path, refusal(await as_admin(requester, path, another, key=path, roles=()))) == (path, (403, "ACC_001"))
            assert (path, refusal(await as_admin(requester, path, {"x": 1}, key=path, roles=()))) == (path, (403, "ACC_001"))
            assert refusal(await requester.bank.post(path, requester.other.user_id, body, key=path, roles=())) == (403, "ACC_001")


async def test_while_governances_rules_are_stale_only_the_first_response_is_returned(requester: Requester) -> None:
    firsts = {path: await as_admin(requester, path, body, key=path) for path, (body, _) in guarded(requester).items()}
    requester.bank.clock.advance(days=2)
    async with unchanged(requester.bank.database):
        for path, (body, _) in guarded(requester).items():
            require_replay(firsts[path], await as_admin(requester, path, body, key=path))
            assert (await as_admin(requester, path, body, key="new")).status_code == 503


@pytest.mark.parametrize("step", ["approve", "reject", "reverse"])
async def test_with_one_factor_only_the_first_response_is_returned(requester: Requester, step: str) -> None:
    path = f"/transfers/{requester.of_others if step == 'reverse' else requester.waiting}/{step}"
    body = {} if step == "approve" else REASON
    async with unchanged(requester.bank.database):
        assert refusal(await as_admin(requester, path, body, methods=("pwd",))) == (401, "AUTH_005")
    first = await as_admin(requester, path, body)
    assert first.is_success, first.text
    async with unchanged(requester.bank.database):
        require_replay(first, await as_admin(requester, path, body, methods=("pwd",)))
        assert refusal(await as_admin(requester, path, body, methods=("pwd",), key="new")) == (401, "AUTH_005")


async def test_a_repeated_order_of_a_peer_gets_the_first_response_after_the_permission_is_gone(requester: Requester) -> None:
    def request(key: str) -> payments_pb2.TransferRequest:
        return payments_pb2.TransferRequest(order=order(requester.bank, requester.caller, requester.other, "4.00", key=key))

    first = await requester.stub.Transfer(request("k"))
    requester.bank.policies.load(bundle_of({**GRANTS, "user": []}, version=2))
    async with unchanged(requester.bank.database):
        again = await requester.stub.Transfer(request("k"))
        with pytest.raises(RemoteError) as refused:
            await requester.stub.Transfer(request("new"))
    assert refused.value.code == "ACC_001"
    assert (again.settled.transfer_id, again.settled.status, again.settled.replayed) == (
        first.settled.transfer_id,
        first.settled.status,
        True,
    )


@pytest.mark.parametrize("path", ["/transfers", "/transfers/{}/capture"])
async def test_without_a_session_no_first_response_is_returned(requester: Requester, path: str) -> None:
    path, session_id = path.format(requester.sent_hold), new_id()
    body = leg(requester.caller, requester.other, "4.00") if path == "/transfers" else {}
    assert (await as_admin(requester, path, body)).is_success
    token = requester.bank.token(requester.caller.user_id, session_id=session_id)
    short = requester.bank.token(requester.caller.user_id, life_seconds=60)
    requester.bank.revocations.end(session_id, requester.bank.clock.now().timestamp())
    requester.bank.wait(seconds=61)
    async with unchanged(requester.bank.database):
        for bearer, code in ((token, "AUTH_003"), (short, "AUTH_002")):
            headers = {"Authorization": f"Bearer {bearer}", "Idempotency-Key": "k"}
            assert refusal(await requester.bank.client.post(f"/api/v1{path}", json=body, headers=headers)) == (401, code)
        assert (
            await requester.bank.client.post(f"/api/v1{path}", json=body, headers={"Idempotency-Key": "k"})
        ).status_code == 401


async def as_the_previous_release(urls: DatabaseUrls, statement: str, *values: object) -> None:
    """Write a row as the previous release left it. Triggers are off, because they refuse this change."""
    async with await psycopg.AsyncConnection.connect(urls.owner, autocommit=True) as connection:
        await connection.execute("ALTER TABLE transfers DISABLE TRIGGER USER")
        await connection.execute(statement, values)
        await connection.execute("ALTER TABLE transfers ENABLE TRIGGER USER")


@pytest.mark.parametrize("key", ["k", "k" * 252])
async def test_linked_transfers_of_the_previous_release_are_returned_and_not_made_again(
    bank: Bank, payer: Holder, payee: Holder, database_urls: DatabaseUrls, key: str
) -> None:
    body = {"legs": [leg(payer, payee, "40.00"), leg(payer, payee, "60.00")]}
    first = await bank.post("/transfers/linked", payer.user_id, body, key=key)
    named = f"sha256:{hashlib.sha256(key.encode()).hexdigest()}" if len(key) > 251 else key
    for number, item in enumerate(first.json()["data"]["items"]):
        statement = "UPDATE transfers SET idempotency_key = %s WHERE id = %s"
        await as_the_previous_release(database_urls, statement, f"{named}/{number}", item["id"])
    more = {"legs": [*body["legs"], leg(payer, payee, "1.00")]}
    async with unchanged(bank.database):
        require_replay(first, await bank.post("/transfers/linked", payer.user_id, body, key=key))
        for other in (more, {"legs": body["legs"][::-1]}):
            assert refusal(await bank.post("/transfers/linked", payer.user_id, other, key=key)) == (422, "VAL_002")


async def test_a_hold_of_the_previous_release_is_returned_with_its_current_status(
    bank: Bank, payer: Holder, payee: Holder, database_urls: DatabaseUrls
) -> None:
    body = {**leg(payer, payee, "100.00"), "capture": "later"}
    first = await bank.post("/transfers", payer.user_id, body, key="k")
    made = first.json()["data"]["id"]
    await as_the_previous_release(database_urls, "UPDATE transfers SET began = NULL WHERE id = %s", made)
    require_replay(first, await bank.post("/transfers", payer.user_id, body, key="k"))
    captured = await captured_in_part(bank, made, payee)
    again = await bank.post("/transfers", payer.user_id, body, key="k")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.json()["data"] == captured.json()["data"]
