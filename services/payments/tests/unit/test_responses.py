"""Responses, compared whole: each field of a view has its own place."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from payments.application.accounts.views import AccountView, PostingView
from payments.application.bulk_transfers.views import BulkLineView, BulkView
from payments.application.ledger.views import AccountSum, TrialBalance
from payments.application.schedules.views import RunView, ScheduleView
from payments.application.wallets.views import WalletView
from payments.domain.bulk import BulkStatus
from payments.interfaces.rest.schemas.accounts import AccountResponse, PostingResponse
from payments.interfaces.rest.schemas.bulk_transfers import BulkLineResponse, BulkResponse
from payments.interfaces.rest.schemas.ledger import TrialBalanceLineResponse
from payments.interfaces.rest.schemas.schedules import ScheduleResponse, ScheduleRunResponse
from payments.interfaces.rest.schemas.transfers import TransferResponse
from payments.interfaces.rest.schemas.wallets import WalletResponse
from services.payments.tests.unit.stored_transfers import fee, stored_transfer

AT = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
ID, PAYER, SOURCE, TARGET, OTHER, MORE = (UUID(int=number) for number in range(1, 7))


def minute(number: int) -> datetime:
    return AT + timedelta(minutes=number)


def bulk(**changes: Any) -> BulkView:
    values: dict[str, Any] = {
        "id": ID,
        "initiator_id": PAYER,
        "organization_id": None,
        "source_id": SOURCE,
        "currency": "NAD",
        "mode": "best_effort",
        "format": "text/csv",
        "label": "March",
        "lines_total": 1000,
        "amount_total": Decimal("24.5"),
        "status": "cancelled",
        "settled": 400,
        "awaiting": 30,
        "refused": 170,
        "not_run": 380,
        "reason": "stop",
        "created_at": AT,
        "started_at": minute(1),
        "progressed_at": minute(2),
        "ended_at": minute(3),
        "version": 9,
        "approval_rules": ["payroll"],
        "expires_at": minute(9),
        "decided_by": OTHER,
        "decided_at": minute(2),
    }
    return BulkView(**{**values, **changes})


def test_a_bulk() -> None:
    assert dict(BulkResponse.of(bulk())) == {
        # The progress of any long work.
        "state": "cancelled",
        "done": 980,
        "total": 1000,
        "rate_per_second": 5.0,
        "remaining_seconds": None,
        "id": ID,
        "source_wallet_id": SOURCE,
        "currency": "NAD",
        "mode": "best_effort",
        "format": "text/csv",
        "label": "March",
        "status": "cancelled",
        "lines_total": 1000,
        "amount_total": "24.50",
        "settled": 400,
        "awaiting_approval": 30,
        "refused": 170,
        "not_run": 380,
        "waiting": 20,
        # Lines that did not run took no time.
        "lines_per_second": 5.0,
        "reason": "stop",
        "approval_rules": ["payroll"],
        "expires_at": minute(9),
        "decided_by": OTHER,
        "decided_at": minute(2),
        "initiator_id": PAYER,
        "organization_id": None,
        "created_at": AT,
        "started_at": minute(1),
        "ended_at": minute(3),
    }


@pytest.mark.parametrize(
    ("changes", "speed"),
    [
        ({"ended_at": None}, 10.0),
        ({"ended_at": None, "settled": 0, "awaiting": 0}, 2.8),
        ({"settled": 0, "awaiting": 0, "refused": 0}, None),
        ({"started_at": None, "progressed_at": None}, None),
        ({"progressed_at": None}, None),
        ({"ended_at": None, "progressed_at": minute(1)}, None),
    ],
    ids=["it runs", "all refused", "none has run", "not begun", "no progress", "no time has passed"],
)
def test_the_speed_of_a_bulk_transfer(changes: dict[str, Any], speed: float | None) -> None:
    assert bulk(**changes).lines_per_second == speed


@pytest.mark.parametrize("status", BulkStatus)
def test_the_state_of_a_bulk_transfer_is_that_of_any_long_work(status: BulkStatus) -> None:
    ended = None if status.is_open else minute(3)
    shown = BulkResponse.of(bulk(status=status.value, ended_at=ended))
    assert shown.state.is_open == status.is_open
    # 20 lines at ten a second.
    assert shown.remaining_seconds == (2 if status is BulkStatus.RUNNING else None)


@pytest.mark.parametrize(("code", "message"), [("PAY_001", "Not enough."), ("", "")])
def test_a_line_of_a_bulk(code: str, message: str) -> None:
    view = BulkLineView(
        number=7,
        target_id=TARGET,
        amount=Decimal("1.5"),
        currency="NAD",
        description="wages",
        reference="INV-7",
        status="refused",
        transfer_id=OTHER,
        code=code,
        message=message,
    )
    assert dict(BulkLineResponse.of(view)) == {
        "number": 7,
        "target_wallet_id": TARGET,
        "amount": "1.50",
        "currency": "NAD",
        "description": "wages",
        "reference": "INV-7",
        "status": "refused",
        "transfer_id": OTHER,
        "code": code or None,
        "error": message or None,
    }


def test_a_schedule_and_its_runs() -> None:
    view = ScheduleView(
        id=ID,
        initiator_id=PAYER,
        organization_id=None,
        source_id=SOURCE,
        target_id=TARGET,
        amount=Decimal("1.5"),
        currency="NAD",
        description="rent",
        reference="INV-7",
        frequency="weekly",
        starts_at=minute(1),
        ends_on=date(2026, 4, 1),
        occurrences_max=7,
        on_closed_day="modified_following",
        status="paused",
        next_number=2,
        next_at=minute(2),
        succeeded=3,
        failed=4,
        last_code="PAY_001",
        status_reason="Suspended.",
        created_at=AT,
        ended_at=minute(3),
        version=9,
    )
    assert dict(ScheduleResponse.of(view)) == {
        "id": ID,
        "source_wallet_id": SOURCE,
        "target_wallet_id": TARGET,
        "amount": "1.50",
        "currency": "NAD",
        "description": "rent",
        "reference": "INV-7",
        "frequency": "weekly",
        "starts_at": minute(1),
        "ends_on": date(2026, 4, 1),
        "occurrences_max": 7,
        "on_closed_day": "modified_following",
        "status": "paused",
        "next_planned_at": minute(1) + timedelta(weeks=2),
        "next_at": minute(2),
        "succeeded": 3,
        "failed": 4,
        "last_code": "PAY_001",
        "status_reason": "Suspended.",
        "initiator_id": PAYER,
        "organization_id": None,
        "created_at": AT,
        "ended_at": minute(3),
    }
    run = RunView(
        number=3, planned_at=minute(9), due_at=AT, run_at=minute(1), transfer_id=OTHER, code="PAY_001", message="Not enough."
    )
    assert dict(ScheduleRunResponse.of(run)) == {
        "number": 3,
        "planned_at": minute(9),
        "due_at": AT,
        "run_at": minute(1),
        "transfer_id": OTHER,
        "code": "PAY_001",
        "error": "Not enough.",
    }


def test_a_transfer() -> None:
    transfer = stored_transfer(
        id=ID,
        kind="conversion",
        status="completed",
        source_id=SOURCE,
        target_id=TARGET,
        amount=Decimal(100),
        currency="NAD",
        reference="INV-7",
        description="rent",
        initiator_id=PAYER,
        created_at=AT,
        settled_at=minute(1),
        target_amount=Decimal("4.9"),
        target_currency="USD",
        rate=Decimal("0.0490000000"),
        rate_id=OTHER,
        spread=Decimal("0.1"),
        captured=Decimal(50),
        refunded=Decimal(20),
        held=Decimal(10),
        expires_at=minute(2),
        closed_at=minute(3),
        decided_by=OTHER,
        decided_at=minute(4),
        reason="unusual",
        parent_id=UUID(int=7),
        link_id=UUID(int=8),
        version=9,
        fees=[fee("3.00", rule_id=MORE)],
        metadata={"order": "A-17"},
        signature={"key_id": str(MORE), "algorithm": "ES256", "value": "s" * 86},
    )
    found = TransferResponse.of(transfer, transaction_hash="a" * 64)
    assert found.model_dump() == {
        "id": ID,
        "kind": "conversion",
        "status": "completed",
        "source_wallet_id": SOURCE,
        "target_wallet_id": TARGET,
        "amount": "100.00",
        "currency": "NAD",
        "fee_total": "3.00",
        "fees": [{"account": "fees", "amount": "3.00", "rule_id": MORE, "refundable": True}],
        "target_amount": "4.90",
        "target_currency": "USD",
        "rate": "0.049",
        "held_amount": "10.00",
        "captured_amount": "50.00",
        "refunded_amount": "20.00",
        "reference": "INV-7",
        "description": "rent",
        "metadata": {"order": "A-17"},
        "initiator_id": PAYER,
        "organization_id": None,
        "parent_id": UUID(int=7),
        "link_id": UUID(int=8),
        "signature": {"key_id": MORE, "algorithm": "ES256", "value": "s" * 86},
        "created_at": AT,
        "settled_at": minute(1),
        "expires_at": minute(2),
        "closed_at": minute(3),
        "decided_by": OTHER,
        "decided_at": minute(4),
        "reason": "unusual",
        "version": 9,
        "transaction_hash": "a" * 64,
    }


def test_a_wallet_and_its_postings() -> None:
    view = WalletView(ID, PAYER, "NAD", Decimal(100), Decimal(30), "frozen", "savings", Decimal(500), 9, AT, "merchant", None)
    shown = WalletResponse.of(view).model_dump()
    assert shown == {
        "id": ID,
        "organization_id": None,
        "currency": "NAD",
        "balance": "100.00",
        "held": "30.00",
        "available": "70.00",
        "status": "frozen",
        "usage": "merchant",
        "name": "savings",
        "ceiling": "500.00",
        "version": 9,
        "opened_at": AT,
    }
    posting = PostingView(7, OTHER, TARGET, Decimal("-1.5"), "NAD", Decimal("98.5"), "rent", AT)
    assert PostingResponse.of(posting).model_dump() == {
        "sequence": 7,
        "transfer_id": OTHER,
        "counterparty_wallet_id": TARGET,
        "amount": "-1.50",
        "currency": "NAD",
        "balance_after": "98.50",
        "description": "rent",
        "posted_at": AT,
    }


def test_an_account_and_a_trial_balance() -> None:
    view = AccountView(
        ID, "system", "fees", OTHER, "NAD", "credit", Decimal(100), Decimal(30), "frozen", "did not add up", Decimal(500), 9, AT
    )
    assert AccountResponse.of(view).model_dump() == {
        "id": ID,
        "kind": "system",
        "code": "fees",
        "owner_id": OTHER,
        "currency": "NAD",
        "normal_side": "credit",
        "balance": "100.00",
        "held": "30.00",
        "status": "frozen",
        "status_reason": "did not add up",
        "ceiling": "500.00",
        "version": 9,
        "opened_at": AT,
    }
    lines = [
        AccountSum("NAD", "fees", "credit", Decimal(3), 1),
        AccountSum("NAD", "treasury", "debit", Decimal(-100), 1),
        AccountSum("NAD", None, "credit", Decimal(90), 5),
    ]
    assert TrialBalanceLineResponse.of(TrialBalance("NAD", lines)).model_dump() == {
        "currency": "NAD",
        "wallets": "90.00",
        "system": "-97.00",
        "total": "-7.00",
        "accounts": 7,
        "lines": [
            {"code": "fees", "normal_side": "credit", "debit": "0.00", "credit": "3.00", "accounts": 1},
            {"code": "treasury", "normal_side": "debit", "debit": "100.00", "credit": "0.00", "accounts": 1},
            {"code": None, "normal_side": "credit", "debit": "0.00", "credit": "90.00", "accounts": 5},
        ],
    }
