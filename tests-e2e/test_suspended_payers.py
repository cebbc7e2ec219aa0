"""A payer is suspended: schedules pause after identity's event, and receivers can still capture earlier holds."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from journey import Api, Journey, Person, until

pytestmark = pytest.mark.e2e
Holder = Callable[..., Awaitable[Person]]


async def test_a_suspended_payers_schedule_pauses_until_the_payer_resumes_it_and_holds_are_captured(
    api: Api, admin: Person, holder: Holder
) -> None:
    payer, payee = await holder("Tenant", funds="100.00"), await holder("Landlord")
    order = {"source_wallet_id": payer.wallet_id, "target_wallet_id": payee.wallet_id, "currency": "NAD"}
    held = await api.data("POST", "/transfers", by=payer, expect=201, key=str(uuid4()), **order, amount="30.00", capture="later")
    starts_at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    planned = await api.data(
        "POST", "/transfers/schedules", by=payer, expect=201, key=str(uuid4()), **order, amount="4.00", starts_at=starts_at
    )
    path = f"/transfers/schedules/{planned['id']}"
    await api.data("POST", f"/users/{payer.user_id}/suspend", by=admin, reason="reported as stolen")

    async def paused() -> bool:
        return bool((await api.data("GET", path, by=admin))["status"] == "paused")

    await until(paused, "payments to receive the suspension")
    assert (await api.data("GET", path, by=admin))["status_reason"] == "The payer's account is suspended; contact support."
    captured = await api.data("POST", f"/transfers/{held['id']}/capture", by=payee, amount="30.00")
    assert (captured["status"], captured["captured_amount"]) == ("completed", "30.00")

    await api.data("POST", f"/users/{payer.user_id}/activate", by=admin, reason="found again")
    await Journey(api, admin, print).sign_in(payer)
    resumed = await api.data("POST", f"{path}/resume", by=payer)
    assert (resumed["status"], resumed["status_reason"]) == ("active", None)
