"""The permission and the assurance that each write requires."""

import re
from typing import Final

import pytest

from chassis.testing.policies import bundle_of
from kernel.ids import new_id
from payments.interfaces.rest import ROUTERS
from services.payments.tests.contract.bank import Bank

CREATE, APPROVE, RECONCILE, ISSUE, MANAGE = (
    "payment:create",
    "payment:approve",
    "payment:reconcile",
    "treasury:issue",
    "policy:manage",
)
# None: any signed-in user.
NEEDED: Final[dict[tuple[str, str], str | None]] = {
    ("POST", "/transfers"): CREATE,
    ("POST", "/transfers/linked"): CREATE,
    ("POST", "/transfers/{transfer_id}/capture"): CREATE,
    ("POST", "/transfers/{transfer_id}/void"): None,
    ("POST", "/transfers/{transfer_id}/approve"): APPROVE,
    ("POST", "/transfers/{transfer_id}/reject"): APPROVE,
    ("POST", "/transfers/{transfer_id}/refund"): CREATE,
    ("POST", "/transfers/{transfer_id}/reverse"): RECONCILE,
    ("POST", "/payments"): CREATE,
    ("POST", "/issuances"): ISSUE,
    ("POST", "/transfers/bulk"): CREATE,
    ("POST", "/transfers/bulk/{bulk_id}/cancel"): CREATE,
    ("POST", "/transfers/bulk/{bulk_id}/approve"): APPROVE,
    ("POST", "/transfers/bulk/{bulk_id}/reject"): APPROVE,
    ("POST", "/transfers/schedules"): CREATE,
    ("POST", "/transfers/schedules/{schedule_id}/pause"): CREATE,
    ("POST", "/transfers/schedules/{schedule_id}/resume"): CREATE,
    ("POST", "/transfers/schedules/{schedule_id}/cancel"): CREATE,
    ("POST", "/wallets"): CREATE,
    ("PATCH", "/wallets/{wallet_id}"): None,
    ("DELETE", "/wallets/{wallet_id}"): None,
    ("POST", "/wallets/{wallet_id}/freeze"): RECONCILE,
    ("POST", "/wallets/{wallet_id}/unfreeze"): RECONCILE,
    ("PUT", "/wallets/{wallet_id}/ceiling"): RECONCILE,
    ("PUT", "/wallets/{wallet_id}/usage"): RECONCILE,
    ("POST", "/accounts/{account_id}/unfreeze"): RECONCILE,
    ("POST", "/ledger/verifications"): RECONCILE,
    ("POST", "/ledger/verifications/{verification_id}/cancel"): RECONCILE,
    ("POST", "/ledger/verifications/{verification_id}/resume"): RECONCILE,
    ("POST", "/fees"): MANAGE,
    ("POST", "/fees/{rule_id}/end"): MANAGE,
    ("POST", "/fees/quote"): None,
    ("POST", "/rates"): RECONCILE,
    ("POST", "/rates/{rate_id}/end"): RECONCILE,
    ("POST", "/limits"): MANAGE,
    ("POST", "/limits/{limit_id}/end"): MANAGE,
    ("PUT", "/limits/tiers/{owner_id}"): MANAGE,
}
# With two factors within the last five minutes, whatever the amount.
STRONG: Final = {
    ("POST", "/transfers/{transfer_id}/approve"),
    ("POST", "/transfers/{transfer_id}/reject"),
    ("POST", "/transfers/{transfer_id}/reverse"),
    ("POST", "/transfers/bulk/{bulk_id}/approve"),
    ("POST", "/transfers/bulk/{bulk_id}/reject"),
    ("POST", "/wallets/{wallet_id}/unfreeze"),
    ("POST", "/accounts/{account_id}/unfreeze"),
}
ALL: Final = (CREATE, APPROVE, RECONCILE, ISSUE, MANAGE)


def test_this_file_lists_every_write() -> None:
    writes = {
        (method, str(getattr(route, "path", "")).removeprefix("/api/v1"))
        for router in ROUTERS
        for route in router.routes
        for method in getattr(route, "methods", ())
        if method not in {"GET", "HEAD"}
    }
    assert writes == set(NEEDED)


@pytest.mark.parametrize(("method", "path"), NEEDED)
async def test_a_write_requires_its_own_permission_and_no_other(bank: Bank, method: str, path: str) -> None:
    needed = NEEDED[method, path]
    others = [permission for permission in ALL if permission != needed]
    bank.policies.load(bundle_of({"with": [needed] if needed else [], "without": others}))
    url = re.sub(r"\{\w+\}", str(new_id()), path)

    async def answer(role: str, *methods: str) -> tuple[int, str]:
        # The request is invalid, but permissions are checked first.
        response = await bank.send(method, url, new_id(), {}, roles=(role,), methods=methods)
        return response.status_code, response.json().get("code", "accepted")

    assert (await answer("without", "pwd", "otp", "mfa") == (403, "ACC_001")) is (needed is not None)
    # One takes no body, and so is accepted.
    expected = {"accepted"} if path == "/ledger/verifications" else {"VAL_001", "RES_001"}
    assert (await answer("with", "pwd", "otp", "mfa"))[1] in expected
    assert (await answer("with", "pwd") == (401, "AUTH_005")) is ((method, path) in STRONG)
