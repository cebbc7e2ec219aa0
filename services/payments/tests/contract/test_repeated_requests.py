"""A repeated request returns the first response, whatever has changed since."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import httpx
import pytest

from chassis.testing.stored import unchanged
from payments.domain.price_book import PriceBook
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.requester import REASON, captured_in_part, require_replay
from services.payments.tests.contract.ways import WAYS, leg

# What may have changed when a request is repeated.
Since: TypeAlias = Callable[[Bank, Holder, Holder], Awaitable[dict[str, Any] | None]]


async def its_source_is_frozen(bank: Bank, payer: Holder, payee: Holder) -> None:
    assert (await bank.staff("POST", f"/wallets/{payer.wallet_id}/freeze", REASON)).status_code == 200


async def its_target_is_frozen(bank: Bank, payer: Holder, payee: Holder) -> None:
    assert (await bank.staff("POST", f"/wallets/{payee.wallet_id}/freeze", REASON)).status_code == 200


async def its_target_is_a_merchants(bank: Bank, payer: Holder, payee: Holder) -> None:
    await bank.sells(payee)


async def prices_have_changed(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.price(fee="3.00")


async def there_are_no_prices(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.prices.book = PriceBook()


async def compliance_is_away(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.screening.away = True


async def compliance_blocks_the_payee(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.screening.blocked.add(payee.wallet_id)


async def governances_rules_are_old(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.clock.advance(days=2)


async def approval_is_asked_for(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.approve_above("1.00")


async def the_role_is_gone(bank: Bank, payer: Holder, payee: Holder) -> dict[str, Any]:
    return {"roles": ()}


async def one_factor_was_shown(bank: Bank, payer: Holder, payee: Holder) -> dict[str, Any]:
    return {"methods": ("pwd",)}


SINCE: Final[tuple[Since, ...]] = (
    its_source_is_frozen, its_target_is_frozen, its_target_is_a_merchants, prices_have_changed, there_are_no_prices,
    compliance_is_away, compliance_blocks_the_payee, governances_rules_are_old, approval_is_asked_for, the_role_is_gone,
    one_factor_was_shown,
)  # fmt: skip


@pytest.mark.parametrize("since", SINCE, ids=lambda since: since.__name__)
@pytest.mark.parametrize("path", WAYS)
async def test_a_repeated_request_returns_the_first_response_whatever_has_changed(bank: Bank, path: str, since: Since) -> None:
    body_of, accepted = WAYS[path]
    payer, payee = await bank.holder("9000.00"), await bank.holder()
    bank.price(fee="1.00")
    body = body_of(payer, payee, "2500.00")
    first = await bank.post(path, payer.user_id, body, key="k")
    assert first.status_code == accepted, first.text
    rest = await since(bank, payer, payee) or {}
    async with unchanged(bank.database):
        require_replay(first, await bank.post(path, payer.user_id, body, key="k", **rest))


async def voided(bank: Bank, made: str, payee: Holder) -> httpx.Response:
    return await bank.post(f"/transfers/{made}/void", payee.user_id, REASON)


async def approved(bank: Bank, made: str, payee: Holder) -> httpx.Response:
    return await bank.staff("POST", f"/transfers/{made}/approve", {})


async def rejected(bank: Bank, made: str, payee: Holder) -> httpx.Response:
    return await bank.staff("POST", f"/transfers/{made}/reject", REASON)


async def expired(bank: Bank, made: str, payee: Holder) -> None:
    bank.wait(days=8)
    assert await bank.expire() == 1


async def refunded(bank: Bank, made: str, payee: Holder) -> httpx.Response:
    return await bank.post(f"/transfers/{made}/refund", payee.user_id, {**REASON, "amount": "20.00"})


async def reversed_(bank: Bank, made: str, payee: Holder) -> httpx.Response:
    return await bank.staff("POST", f"/transfers/{made}/reverse", REASON)


Next: TypeAlias = Callable[[Bank, str, Holder], Awaitable[httpx.Response | None]]


@pytest.mark.parametrize("path", ["/transfers", "/payments"])
@pytest.mark.parametrize(
    ("capture", "threshold", "steps"),
    [
        pytest.param("later", "5000", [captured_in_part], id="captured in part"),
        pytest.param("later", "5000", [captured_in_part, refunded], id="captured and refunded"),
        pytest.param("later", "5000", [voided], id="voided"),
        pytest.param("later", "5000", [expired], id="expired"),
        pytest.param("later", "1", [approved], id="approved as a hold"),
        pytest.param("later", "1", [approved, captured_in_part], id="approved and captured in part"),
        pytest.param("later", "1", [approved, expired], id="approved and expired"),
        pytest.param("now", "1", [approved], id="approved"),
        pytest.param("now", "1", [approved, refunded], id="approved and refunded"),
        pytest.param("now", "1", [rejected], id="rejected"),
        pytest.param("now", "1", [expired], id="not decided in time"),
        pytest.param("now", "5000", [refunded], id="refunded"),
        pytest.param("now", "5000", [refunded, refunded], id="refunded twice"),
        pytest.param("now", "5000", [reversed_], id="reversed"),
    ],
)
async def test_a_transfer_that_has_changed_since_returns_its_first_response(
    bank: Bank, payer: Holder, path: str, capture: str, threshold: str, steps: list[Next]
) -> None:
    payee = await bank.merchant("100.00")
    bank.price(fee="1.00")
    bank.approve_above(threshold)
    body = {**leg(payer, payee, "100.00"), "reference": "INV-7", "capture": capture}
    first = await bank.post(path, payer.user_id, body, key="k")
    assert first.status_code == 201, first.text
    for step in steps:
        happened = await step(bank, first.json()["data"]["id"], payee)
        assert happened is None or happened.is_success, happened.text
        async with unchanged(bank.database):
            require_replay(first, await bank.post(path, payer.user_id, body, key="k"))
            require_replay(first, await bank.post(path, payer.user_id, body, key="k", roles=()))


async def test_linked_transfers_that_were_refunded_return_their_first_response(bank: Bank, payer: Holder) -> None:
    payee = await bank.holder("100.00")
    body = {"legs": [leg(payer, payee, "40.00"), leg(payer, payee, "60.00"), leg(payer, payee, "20.00")]}
    first = await bank.post("/transfers/linked", payer.user_id, body, key="k")
    made = [item["id"] for item in first.json()["data"]["items"]]
    await refunded(bank, made[0], payee)
    await reversed_(bank, made[1], payee)
    async with unchanged(bank.database):
        require_replay(first, await bank.post("/transfers/linked", payer.user_id, body, key="k"))


async def run(bank: Bank, bulk_id: str, payer: Holder) -> None:
    await bank.run_bulk(bulk_id)


async def cancelled(bank: Bank, bulk_id: str, payer: Holder) -> None:
    assert (await bank.post(f"/transfers/bulk/{bulk_id}/cancel", payer.user_id, REASON)).is_success


async def file_approved(bank: Bank, bulk_id: str, payer: Holder) -> None:
    assert (await bank.staff("POST", f"/transfers/bulk/{bulk_id}/approve", {})).is_success


async def file_rejected(bank: Bank, bulk_id: str, payer: Holder) -> None:
    assert (await bank.staff("POST", f"/transfers/bulk/{bulk_id}/reject", REASON)).is_success


Step: TypeAlias = Callable[[Bank, str, Holder], Awaitable[None]]


@pytest.mark.parametrize(
    ("threshold", "steps"),
    [
        pytest.param("5000", [run], id="run"),
        pytest.param("5000", [cancelled], id="cancelled"),
        pytest.param("1", [cancelled], id="cancelled while it waited"),
        pytest.param("1", [file_approved, run], id="approved and run"),
        pytest.param("1", [file_rejected], id="rejected"),
    ],
)
async def test_a_file_that_has_changed_since_returns_its_first_response(
    bank: Bank, payer: Holder, payee: Holder, threshold: str, steps: list[Step]
) -> None:
    body_of, accepted = WAYS["/transfers/bulk"]
    bank.approve_above(threshold)
    first = await bank.post("/transfers/bulk", payer.user_id, body_of(payer, payee, "40.00"), key="k")
    assert first.status_code == accepted
    for step in steps:
        await step(bank, first.json()["data"]["id"], payer)
        async with unchanged(bank.database):
            require_replay(first, await bank.post("/transfers/bulk", payer.user_id, body_of(payer, payee, "40.00"), key="k"))


async def made_once(bank: Bank, schedule_id: str, payer: Holder) -> None:
    bank.wait(days=1)
    assert await bank.run_schedules() == 1


async def paused(bank: Bank, schedule_id: str, payer: Holder) -> None:
    assert (await bank.post(f"/transfers/schedules/{schedule_id}/pause", payer.user_id, {})).is_success


async def plan_cancelled(bank: Bank, schedule_id: str, payer: Holder) -> None:
    assert (await bank.post(f"/transfers/schedules/{schedule_id}/cancel", payer.user_id, REASON)).is_success


@pytest.mark.parametrize("frequency", ["once", "daily"])
async def test_a_schedule_that_has_changed_since_returns_its_first_response(
    bank: Bank, payer: Holder, payee: Holder, frequency: str
) -> None:
    body_of, accepted = WAYS["/transfers/schedules"]
    body = {**body_of(payer, payee, "40.00"), "frequency": frequency}
    first = await bank.post("/transfers/schedules", payer.user_id, body, key="k")
    assert first.status_code == accepted
    for step in (made_once, *([made_once, paused, plan_cancelled] if frequency == "daily" else [])):
        await step(bank, first.json()["data"]["id"], payer)
        async with unchanged(bank.database):
            require_replay(first, await bank.post("/transfers/schedules", payer.user_id, body, key="k"))
