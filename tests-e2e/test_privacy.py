"""Erasure across the services: requested at the gateway, answered over the broker, completed by a job, proven by a receipt."""

import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from journey import Api, Person, StepFailed, until

from identity.infrastructure.erasure_receipts import verify_receipt

pytestmark = pytest.mark.e2e

# Compliance waits five seconds for the audit log; the job runs periodically.
SECONDS_MAX = 300


async def erase(api: Api, person: Person) -> str:
    erasure = await api.data("POST", f"/users/{person.user_id}/erasure", by=person, expect=202, reason="asked")
    return str(erasure["id"])


async def wait_for(api: Api, erasure_id: str, what: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    async def done() -> bool:
        # Without a token: an erased user has none.
        return what(await api.data("GET", f"/erasures/{erasure_id}"))

    await until(done, f"erasure {erasure_id}", seconds_max=SECONDS_MAX)
    erasure: dict[str, Any] = await api.data("GET", f"/erasures/{erasure_id}")
    return erasure


async def test_a_user_without_payments_is_erased_and_one_with_payments_is_restricted_for_years(
    api: Api, holder: Callable[..., Awaitable[Person]]
) -> None:
    newcomer, payer = await holder("Newcomer"), await holder("Payer", funds="40.00")
    asked_at = datetime.now(UTC)
    of_newcomer, of_payer = await erase(api, newcomer), await erase(api, payer)
    for person in (newcomer, payer):
        # Within a second, as for any ended session.
        await until(partial(refused, api, person), "the token to be refused", seconds_max=120)
    kept = await wait_for(api, of_payer, lambda erasure: erasure["status"] == "restricted")
    assert kept["answered"] == ["compliance", "governance", "payments"]
    until_date = datetime.fromisoformat(kept["restricted_until"])
    assert until_date - asked_at > timedelta(days=5 * 365)
    erased = await wait_for(api, of_newcomer, lambda erasure: erasure["status"] == "erased")
    keys = {key["id"]: base64.b64decode(key["public_key"]) for key in await api.data("GET", "/erasures/receipt-keys")}
    receipt = erased["receipt"]
    assert verify_receipt(receipt, keys[receipt["key_id"]])
    assert receipt["statement"]["user_id"] == newcomer.user_id
    assert (await api.data("GET", f"/erasures/{of_payer}"))["status"] == "restricted"


async def refused(api: Api, person: Person) -> bool:
    try:
        await api.call("GET", "/users/me", by=person, expect=401)
    except StepFailed:
        return False
    return True


async def test_a_further_address_gets_its_wallet_and_payers_see_the_payees_name(
    api: Api, holder: Callable[..., Awaitable[Person]]
) -> None:
    payee, payer = await holder("Payee"), await holder("Payer")
    issued = await api.data("POST", "/wallet-addresses", by=payee, expect=201, key=str(uuid4()), currency="ELC", label="Savings")

    async def open_() -> bool:
        try:
            wallet = await api.data("GET", f"/wallets/{issued['address']}", by=payee)
        except StepFailed:
            return False
        return bool(wallet["currency"] == "ELC")

    await until(open_, "the wallet of the further address")
    found = await api.data("GET", f"/wallet-addresses/look-up?address={issued['text']}", by=payer)
    assert (found["address"], found["masked_name"][0]) == (issued["address"], payee.name[0])
    mistyped = issued["text"][:-1] + ("q" if issued["text"][-1] != "q" else "p")
    await api.call("GET", f"/wallet-addresses/look-up?address={mistyped}", by=payer, expect=422)
