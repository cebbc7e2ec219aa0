"""Publishing bundles: at start, and after a change of the compiled policies."""

from decimal import Decimal

import pytest

from governance.domain.approval_rule import ApprovalTerms
from governance.domain.policies import CompiledPolicies
from governance.domain.window import Window
from kernel.errors import Unavailable
from services.governance.tests.registry import ADMIN, SERVICE, Registry, bundle_event, bundle_fact


async def test_the_first_start_publishes_and_the_second_does_not(registry: Registry) -> None:
    await registry.app.policy_bundles.ensure_bundle(actor=SERVICE)
    await registry.app.policy_bundles.ensure_bundle(actor=SERVICE)

    [bundle] = await registry.bundles()
    assert (bundle.version, bundle.published_by, bundle.published_at) == (1, "governance", registry.clock.now())
    assert await registry.events() == [bundle_event(bundle)]
    assert await registry.facts() == [bundle_fact(bundle, None, SERVICE)]


async def test_a_release_that_compiles_differently_publishes_a_new_bundle(registry: Registry) -> None:
    await registry.publish(CompiledPolicies("as an earlier release compiled it", "{}"))

    await registry.app.policy_bundles.ensure_bundle(actor=SERVICE)

    first, second = await registry.bundles()
    assert (first.version, second.version) == (1, 2)
    assert (await registry.events())[1:] == [bundle_event(second)]
    assert (await registry.facts())[1:] == [bundle_fact(second, first, SERVICE)]


# The policy of a rule by the previous release. It does not check the rule's name, so it would match the sum of another rule.
OLD_RULE = """\
@id("approval:large")
@currency("NAD")
@threshold("50000.0000")
forbid(principal, action == Action::"payment:settle-alone", resource)
when {
  context.currency == "NAD" &&
  context.amount.greaterThanOrEqual(decimal("50000.0000"))
};"""


@pytest.mark.parametrize("how", ["start", "permissions", "another rule"])
async def test_the_first_bundle_after_an_upgrade_recompiles_every_rule(registry: Registry, how: str) -> None:
    """Payments asks with a rule's name if the bundle has one, so a bundle must not mix old and new policies."""
    for name in ("large", "summed"):
        window = Window(24) if name == "summed" else None
        terms = ApprovalTerms(currency="NAD", threshold=Decimal(50_000), window=window)
        await registry.app.approval_rules.set_approval_rule(actor=ADMIN, name=name, terms=terms, version=None, reason="test")
    expected = (await registry.bundles())[-1].policies
    old = CompiledPolicies("\n\n".join([OLD_RULE, OLD_RULE.replace("large", "summed")]), "{}")
    bundle = await registry.publish(old)

    if how == "start":
        await registry.app.policy_bundles.ensure_bundle(actor=SERVICE)
    elif how == "permissions":
        await registry.app.roles.set_role_permissions(actor=ADMIN, role_name="guest", permissions=["user:read"], version=1)
    else:
        other = ApprovalTerms(currency="USD", threshold=Decimal(1))
        await registry.app.approval_rules.set_approval_rule(actor=ADMIN, name="other", terms=other, version=None, reason="test")

    newest = (await registry.bundles())[-1]
    assert newest.version == bundle.version + 1
    forbids = [text for text in newest.policies.split("\n\n") if "approval:large" in text or "approval:summed" in text]
    assert forbids == [text for text in expected.split("\n\n") if "approval:large" in text or "approval:summed" in text]
    assert ["context has rule" in text for text in forbids] == [True, True]
    assert OLD_RULE not in newest.policies


async def test_a_bundle_is_returned_only_if_it_is_new(registry: Registry) -> None:
    async with registry.refuses(Unavailable):
        await registry.app.policy_bundles.get_bundle()
    await registry.app.policy_bundles.ensure_bundle(actor=SERVICE)

    first = await registry.app.policy_bundles.get_bundle(known_version=0)

    other = await registry.app.policy_bundles.get_bundle(known_version=7)
    assert first
    assert other
    assert first.bundle.version == other.bundle.version == 1
    assert await registry.app.policy_bundles.get_bundle(known_version=1) is None
