"""Setting and withdrawing approval rules, on fakes."""

from decimal import Decimal

import pytest

from governance.application.queries import ApprovalRuleView
from governance.domain.approval_rule import ApprovalTerms
from governance.domain.errors import UnknownRole, UnsoundPolicies
from governance.domain.events import PolicyBundlePublished
from kernel.errors import AlreadyExists, NotFound, StaleVersion
from services.governance.tests.unit.test_use_cases import ADMIN, House

TERMS = ApprovalTerms(currency="NAD", threshold=Decimal(50_000), role="user")


@pytest.fixture
def house() -> House:
    return House()


async def put(house: House, terms: ApprovalTerms = TERMS, *, version: int | None = None) -> ApprovalRuleView:
    return await house.app.set_approval_rule(actor=ADMIN, name="large", terms=terms, version=version, reason="resolution 12")


async def withdraw(house: House, *, version: int | None = None) -> ApprovalRuleView:
    return await house.app.withdraw_approval_rule(actor=ADMIN, name="large", version=version, reason="closed")


async def test_a_rule_is_published_announced_and_accounted_for(house: House) -> None:
    rule = await put(house)

    assert (rule.version, rule.threshold, rule.is_withdrawn) == (1, Decimal(50_000), False)
    assert [type(event) for event in house.uow.committed.events] == [PolicyBundlePublished]
    assert "approval:large" in house.uow.committed.bundles[-1].policies
    fact = house.uow.facts[0]
    assert (fact.action, fact.resource_id, fact.reason, fact.before) == (
        "governance.approval_rule.set",
        "large",
        "resolution 12",
        None,
    )
    assert fact.after
    assert (fact.after["threshold"], fact.after["role"], fact.after["version"]) == ("50000.00", "user", 1)


async def test_a_rule_is_replaced_by_whoever_has_seen_it(house: House) -> None:
    await put(house)
    higher = ApprovalTerms(currency="NAD", threshold=Decimal(80_000))

    with pytest.raises(AlreadyExists):
        await put(house, higher)
    with pytest.raises(StaleVersion):
        await put(house, higher, version=7)
    rule = await put(house, higher, version=1)

    assert rule.version == 2
    assert 'decimal("80000.0000")' in house.uow.committed.bundles[-1].policies
    fact = house.uow.facts[2]
    assert fact.before
    assert (fact.before["threshold"], fact.before["version"]) == ("50000.00", 1)


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

    assert (gone.version, gone.is_withdrawn) == (2, True)
    assert (back.version, back.is_withdrawn) == (3, False)
    assert "approval:large" in house.uow.committed.bundles[-1].policies


async def test_what_is_not_there_or_was_changed_meanwhile_is_not_withdrawn(house: House) -> None:
    with pytest.raises(NotFound):
        await withdraw(house)
    await put(house)
    with pytest.raises(StaleVersion):
        await withdraw(house, version=2)
    assert house.uow.committed.approval_rules["large"].is_withdrawn is False


async def test_refusals_leave_nothing_behind(house: House) -> None:
    with pytest.raises(UnknownRole):
        await put(house, ApprovalTerms(currency="NAD", threshold=Decimal(1), role="emperor"))
    with pytest.raises(StaleVersion):
        await put(house, version=1)
    house.checker.sound = False
    with pytest.raises(UnsoundPolicies):
        await put(house)

    assert house.uow.committed.approval_rules == {}
    assert house.uow.facts == []
