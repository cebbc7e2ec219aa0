"""Setting and withdrawing approval rules, on fakes."""

from dataclasses import replace
from decimal import Decimal

import pytest

from governance.application.queries import ApprovalRuleView
from governance.domain.approval_rule import ApprovalTerms
from governance.domain.errors import UnknownRole, UnsoundPolicies
from governance.domain.events import PolicyBundlePublished
from governance.domain.window import Window
from kernel.audit import AuditFact
from kernel.errors import AlreadyExists, NotFound, StaleVersion
from kernel.ids import new_id
from services.governance.tests.fakes import NO_ID
from services.governance.tests.house import ADMIN, House

TERMS = ApprovalTerms(currency="NAD", threshold=Decimal(50_000), role="user")


# TERMS in a fact.
STATE: dict[str, object] = {
    "currency": "NAD",
    "threshold": "50000.00",
    "kinds": [],
    "role": "user",
    "counterparty": None,
    "window": None,
    "description": "",
    "withdrawn": False,
    "version": 1,
}


@pytest.fixture
def house() -> House:
    return House()


async def put(house: House, terms: ApprovalTerms = TERMS, *, version: int | None = None) -> ApprovalRuleView:
    return await house.app.set_approval_rule(actor=ADMIN, name="large", terms=terms, version=version, reason="resolution 12")


async def withdraw(house: House, *, version: int | None = None) -> ApprovalRuleView:
    return await house.app.withdraw_approval_rule(actor=ADMIN, name="large", version=version, reason="closed")


def rule_fact(house: House, action: str, *, before: dict[str, object] | None, after: dict[str, object], reason: str) -> AuditFact:
    return AuditFact(
        action=f"governance.approval_rule.{action}",
        resource_type="approval_rule",
        resource_id="large",
        occurred_at=house.clock.now(),
        before=before,
        after=after,
        reason=reason,
        related_ids=("approval_rule:large",),
        fact_id=NO_ID,
    )


async def test_a_rule_is_published_announced_and_accounted_for(house: House) -> None:
    rule = await put(house)

    assert (rule.version, rule.threshold, rule.is_withdrawn) == (1, Decimal(50_000), False)
    [bundle] = house.uow.committed.bundles
    assert "approval:large" in bundle.policies
    assert house.uow.announced == [
        PolicyBundlePublished(occurred_at=house.clock.now(), event_id=NO_ID, bundle_id=bundle.id, version=1)
    ]
    told = [(fact.action, actor) for fact, actor in house.uow.told]
    assert told == [("governance.approval_rule.set", ADMIN), ("governance.bundle.publish", ADMIN)]
    assert house.uow.told[0][0] == rule_fact(house, "set", before=None, after=STATE, reason="resolution 12")


async def test_a_rule_is_replaced_by_whoever_has_seen_it(house: House) -> None:
    await put(house)
    higher = ApprovalTerms(currency="NAD", threshold=Decimal(80_000))

    with house.refuses(AlreadyExists):
        await put(house, higher)
    with house.refuses(StaleVersion):
        await put(house, higher, version=7)
    rule = await put(house, higher, version=1)

    assert rule.version == 2
    assert 'decimal("80000.0000")' in house.uow.committed.bundles[-1].policies
    after = {**STATE, "threshold": "80000.00", "role": None, "version": 2}
    assert house.uow.told[2][0] == rule_fact(house, "set", before=STATE, after=after, reason="resolution 12")


async def test_each_term_of_a_rule_is_in_its_fact(house: House) -> None:
    counterparty = new_id()
    await put(
        house,
        ApprovalTerms(
            currency="ELC",
            threshold=Decimal("0.5"),
            kinds=("transfer", "payment"),
            role="staff",
            counterparty=counterparty,
            window=Window(24),
            description="Tokens need two",
        ),
    )

    after = {
        "currency": "ELC",
        "threshold": "0.50000000",
        "kinds": ["payment", "transfer"],
        "role": "staff",
        "counterparty": str(counterparty),
        "window": "24h",
        "description": "Tokens need two",
        "withdrawn": False,
        "version": 1,
    }
    assert house.uow.told[0][0] == rule_fact(house, "set", before=None, after=after, reason="resolution 12")


async def test_a_rule_gets_another_window_and_loses_it_again(house: House) -> None:
    for version, window in enumerate((None, Window(24), Window(744), None)):
        terms = replace(TERMS, window=window)
        rule = await put(house, terms, version=version or None)
        again = await put(house, terms, version=version + 1)
        assert (rule.version, rule.window, again) == (version + 1, window, rule)

    facts = [fact for fact, _ in house.uow.told if fact.resource_type == "approval_rule"]
    states = [{**STATE, "window": text, "version": version} for version, text in enumerate((None, "24h", "744h", None), start=1)]
    assert facts == [
        rule_fact(house, "set", before=before, after=after, reason="resolution 12")
        for before, after in zip([None, *states], states, strict=False)
    ]
    windows = ["@window" in bundle.policies for bundle in house.uow.committed.bundles]
    assert windows == [False, True, True, False]


async def test_the_same_terms_again_change_nothing(house: House) -> None:
    await put(house)
    facts = len(house.uow.facts)

    assert (await put(house, version=1)).version == 1
    assert len(house.uow.facts) == facts


async def test_a_withdrawn_rule_is_out_of_force_and_may_be_set_again(house: House) -> None:
    await put(house)

    gone = await withdraw(house, version=1)
    again = await withdraw(house, version=1)
    assert gone == again
    assert "approval" not in house.uow.committed.bundles[-1].policies
    back = await put(house)

    facts = [fact for fact, _ in house.uow.told if fact.resource_type == "approval_rule"]
    withdrawn = {**STATE, "withdrawn": True, "version": 2}
    assert facts[1:] == [
        rule_fact(house, "withdraw", before=STATE, after=withdrawn, reason="closed"),
        rule_fact(house, "set", before=withdrawn, after={**STATE, "version": 3}, reason="resolution 12"),
    ]
    assert (gone.version, gone.is_withdrawn) == (2, True)
    assert (back.version, back.is_withdrawn) == (3, False)
    assert "approval:large" in house.uow.committed.bundles[-1].policies


async def test_what_is_not_there_or_was_changed_meanwhile_is_not_withdrawn(house: House) -> None:
    with house.refuses(NotFound):
        await withdraw(house)
    await put(house)
    with house.refuses(StaleVersion):
        await withdraw(house, version=2)


async def test_refusals_leave_nothing_behind(house: House) -> None:
    with house.refuses(UnknownRole):
        await put(house, ApprovalTerms(currency="NAD", threshold=Decimal(1), role="emperor"))
    with house.refuses(StaleVersion):
        await put(house, version=1)
    await put(house)
    house.checker.sound = False
    with house.refuses(UnsoundPolicies):
        await put(house, ApprovalTerms(currency="NAD", threshold=Decimal(1)), version=1)
    with house.refuses(UnsoundPolicies):
        await withdraw(house)
