"""The query of a payer's history: ids start with their time, so it reads only the window's part of the index."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from kernel.ids import new_id
from payments.application.ports.spending import SentQuestion
from payments.domain.account import treasury_id
from payments.domain.approval import ApprovalRule
from payments.infrastructure.sql.spending import sent_questions

SINCE = datetime(2026, 3, 20, 8, 0, tzinfo=UTC)
PAYER, PAYEE = new_id(), new_id()


def asked(**terms: Any) -> dict[str, Any]:
    rule = ApprovalRule(name="large", currency="NAD", threshold=Decimal(100), window=timedelta(hours=24), **terms)
    [question] = json.loads(sent_questions([SentQuestion(PAYER, rule, SINCE)]))
    return question  # type: ignore[no-any-return]


def id_of(moment: datetime) -> UUID:
    """Return an id as generated at a moment: its milliseconds, then version, variant and random bits."""
    return UUID(int=int(moment.timestamp() * 1000) << 80 | 0x7ABC << 64 | 0x8ABCDEF012345678)


def test_only_what_was_made_within_the_window_is_read() -> None:
    oldest = UUID(asked()["oldest"])
    assert oldest < id_of(SINCE - timedelta(seconds=30)) < id_of(SINCE)
    assert id_of(SINCE - timedelta(minutes=2)) < oldest


def test_a_query_has_the_terms_of_its_rule() -> None:
    plain = asked()
    assert (plain["payer_id"], plain["rule"], plain["currency"], plain["kinds"], plain["counterparty"]) == (
        str(PAYER),
        "large",
        "NAD",
        None,
        None,
    )
    assert datetime.fromisoformat(plain["since"]) == SINCE
    named = asked(kinds=frozenset({"transfer", "payment"}), counterparty=PAYEE)
    assert (named["kinds"], named["counterparty"]) == (["payment", "transfer"], str(PAYEE))


def test_the_treasury_is_queried_by_rules_that_count_issuances() -> None:
    treasury = str(treasury_id("NAD"))
    kinds = [frozenset[str](), frozenset({"issuance"}), frozenset({"transfer"})]
    assert [asked(kinds=kind)["treasury"] for kind in kinds] == [treasury, treasury, None]
