"""Setting and withdrawing approval rules."""

from dataclasses import replace
from decimal import Decimal

from elcorp.compliance.v1 import events_pb2 as compliance
from governance.application.approval_rules.views import ApprovalRuleView
from governance.domain.approval_rule import ApprovalTerms
from governance.domain.errors import (
    UnknownRole,
    UnsoundPolicies,
)
from governance.domain.window import Window
from kernel.audit import AuditFact
from kernel.errors import AlreadyExists, NotFound, StaleVersion
from kernel.ids import new_id
from services.governance.tests.registry import ADMIN, Registry, bundle_event, recorded

TERMS = ApprovalTerms(currency="NAD", threshold=Decimal(50_000), role="user")


# TERMS as a fact contains them.
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


async def put(registry: Registry, terms: ApprovalTerms = TERMS, *, version: int | None = None) -> ApprovalRuleView:
    return await registry.app.approval_rules.set_approval_rule(
        actor=ADMIN, name="large", terms=terms, version=version, reason="resolution 12"
    )


async def withdraw(registry: Registry, *, version: int | None = None) -> ApprovalRuleView:
    return await registry.app.approval_rules.withdraw_approval_rule(actor=ADMIN, name="large", version=version, reason="closed")


def rule_fact(
    registry: Registry, action: str, *, before: dict[str, object] | None, after: dict[str, object], reason: str
) -> compliance.AuditFact:
    fact = AuditFact(
        action=f"governance.approval_rule.{action}",
        resource_type="approval_rule",
        resource_id="large",
        occurred_at=registry.clock.now(),
        before=before,
        after=after,
        reason=reason,
        related_ids=("approval_rule:large",),
    )
    return recorded(fact, ADMIN)


async def test_a_rule_is_published_announced_and_recorded(registry: Registry) -> None:
    rule = await put(registry)

    assert (rule.version, rule.threshold, rule.is_withdrawn) == (1, Decimal(50_000), False)
    [bundle] = await registry.bundles()
    assert "approval:large" in bundle.policies
    assert (bundle.version, bundle.published_at) == (1, registry.clock.now())
    assert await registry.events() == [bundle_event(bundle)]
    told = [(fact.action, fact.actor.subject_id) for fact in await registry.facts()]
    assert told == [("governance.approval_rule.set", ADMIN.subject_id), ("governance.bundle.publish", ADMIN.subject_id)]
    assert (await registry.facts())[0] == rule_fact(registry, "set", before=None, after=STATE, reason="resolution 12")


async def test_replacing_a_rule_requires_its_current_version(registry: Registry) -> None:
    await put(registry)
    higher = ApprovalTerms(currency="NAD", threshold=Decimal(80_000))

    async with registry.refuses(AlreadyExists):
        await put(registry, higher)
    async with registry.refuses(StaleVersion):
        await put(registry, higher, version=7)
    rule = await put(registry, higher, version=1)

    assert rule.version == 2
    assert 'decimal("80000.0000")' in (await registry.bundles())[-1].policies
    after = {**STATE, "threshold": "80000.00", "role": None, "version": 2}
    assert (await registry.facts())[2] == rule_fact(registry, "set", before=STATE, after=after, reason="resolution 12")


async def test_the_fact_contains_each_term_of_a_rule(registry: Registry) -> None:
    counterparty = new_id()
    await put(
        registry,
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
    assert (await registry.facts())[0] == rule_fact(registry, "set", before=None, after=after, reason="resolution 12")


async def test_a_rules_window_can_be_changed_and_removed(registry: Registry) -> None:
    for version, window in enumerate((None, Window(24), Window(744), None)):
        terms = replace(TERMS, window=window)
        rule = await put(registry, terms, version=version or None)
        again = await put(registry, terms, version=version + 1)
        assert (rule.version, rule.window, again) == (version + 1, window, rule)

    facts = [fact for fact in await registry.facts() if fact.resource_type == "approval_rule"]
    states = [{**STATE, "window": text, "version": version} for version, text in enumerate((None, "24h", "744h", None), start=1)]
    assert facts == [
        rule_fact(registry, "set", before=before, after=after, reason="resolution 12")
        for before, after in zip([None, *states], states, strict=False)
    ]
    windows = ["@window" in bundle.policies for bundle in await registry.bundles()]
    assert windows == [False, True, True, False]


async def test_setting_the_same_terms_again_changes_nothing(registry: Registry) -> None:
    await put(registry)
    facts = len(await registry.facts())

    assert (await put(registry, version=1)).version == 1
    assert len(await registry.facts()) == facts


async def test_a_withdrawn_rule_is_not_in_force_and_can_be_set_again(registry: Registry) -> None:
    await put(registry)

    gone = await withdraw(registry, version=1)
    again = await withdraw(registry, version=1)
    assert gone == again
    assert "approval" not in (await registry.bundles())[-1].policies
    back = await put(registry)

    facts = [fact for fact in await registry.facts() if fact.resource_type == "approval_rule"]
    withdrawn = {**STATE, "withdrawn": True, "version": 2}
    assert facts[1:] == [
        rule_fact(registry, "withdraw", before=STATE, after=withdrawn, reason="closed"),
        rule_fact(registry, "set", before=withdrawn, after={**STATE, "version": 3}, reason="resolution 12"),
    ]
    assert (gone.version, gone.is_withdrawn) == (2, True)
    assert (back.version, back.is_withdrawn) == (3, False)
    assert "approval:large" in (await registry.bundles())[-1].policies


async def test_unknown_rules_and_stale_versions_are_not_withdrawn(registry: Registry) -> None:
    async with registry.refuses(NotFound):
        await withdraw(registry)
    await put(registry)
    async with registry.refuses(StaleVersion):
        await withdraw(registry, version=2)


async def test_refused_changes_write_nothing(registry: Registry) -> None:
    async with registry.refuses(UnknownRole):
        await put(registry, ApprovalTerms(currency="NAD", threshold=Decimal(1), role="emperor"))
    async with registry.refuses(StaleVersion):
        await put(registry, version=1)
    await put(registry)
    registry.checker.sound = False
    async with registry.refuses(UnsoundPolicies):
        await put(registry, ApprovalTerms(currency="NAD", threshold=Decimal(1)), version=1)
    async with registry.refuses(UnsoundPolicies):
        await withdraw(registry)
