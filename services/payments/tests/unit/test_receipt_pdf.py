"""The lines of a receipt's page, compared whole."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from payments.application.receipts.get_receipt import Receipt
from payments.interfaces.documents import receipt_pdf
from services.payments.tests.unit.stored_transfers import CONVERTED, fee, stored_transfer

AT = datetime(2026, 3, 21, 8, 0, 0, 123456, tzinfo=UTC)
PLAIN = {"created_at": AT, "settled_at": AT, "fees": [fee("2.50")]}


def test_a_plain_transfer_has_the_lines_of_every_receipt() -> None:
    assert receipt_pdf._data(Receipt(stored_transfer(**PLAIN), None, None, AT)) == {
        "lines": [
            ("Transfer", str(UUID(int=1))),
            ("Kind", "transfer"),
            ("Status", "completed"),
            ("Settled", "2026-03-21T08:00:00.123456Z"),
            ("From wallet", str(UUID(int=2))),
            ("To wallet", str(UUID(int=3))),
            ("Amount", "250.00 NAD"),
            ("Fees", "2.50 NAD"),
        ],
        "proofs": [("Transaction hash", "not on the audit log yet")],
    }


def test_every_further_field_of_a_transfer_is_on_its_receipt() -> None:
    transfer = stored_transfer(
        **PLAIN,
        **CONVERTED,
        kind="payment",
        captured=Decimal("100.5"),
        refunded=Decimal(40),
        target_amount=Decimal(5),
        target_currency="USD",
        reference="INV-7",
        description="rent",
        decided_by=UUID(int=5),
        signature={"key_id": str(UUID(int=6)), "algorithm": "Ed25519", "value": "v" * 60},
    )
    found = receipt_pdf._data(Receipt(transfer, "a" * 64, "what was signed", AT))
    assert found["lines"][6:] == [  # type: ignore[index]
        ("Amount", "100.50 NAD"),
        ("Fees", "2.50 NAD"),
        ("Arrived", "5.00 USD"),
        ("Refunded", "40.00 NAD"),
        ("Reference", "INV-7"),
        ("Description", "rent"),
        ("Approved by", str(UUID(int=5))),
    ]
    assert found["proofs"] == [
        ("Transaction hash", f"{'a' * 56}\n{'a' * 8}"),
        ("Signed with key", str(UUID(int=6))),
        ("Algorithm", "Ed25519"),
        ("Signature", f"{'v' * 56}\nvvvv"),
        ("Signed text", "what was signed"),
    ]
