"""The use cases, on fakes."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from governance.domain.approval_rule import ApprovalTerms
from governance.domain.errors import (
    InactiveSubject,
    SelfGrant,
    UnknownPermission,
    UnknownRole,
    UnknownSubject,
    UnsoundPolicies,
)
from governance.domain.events import PolicyBundlePublished, SubjectRolesChanged
from governance.domain.policies import CompiledPolicies
from governance.domain.policy_bundle import PolicyBundle
from governance.domain.window import Window
from kernel.audit import AuditFact
from kernel.errors import NotFound, StaleVersion, Unavailable
from kernel.ids import new_id
from services.governance.tests.fakes import NO_ID
from services.governance.tests.house import ADMIN, SERVICE, House


@pytest.fixture
def house() -> House:
    return House()


def changed(house: House, subject_id: UUID, *roles: str) -> SubjectRolesChanged:
    return SubjectRolesChanged(occurred_at=house.clock.now(), event_id=NO_ID, subject_id=subject_id, roles=roles)


def published(house: House, bundle: PolicyBundle) -> PolicyBundlePublished:
    return PolicyBundlePublished(occurred_at=house.clock.now(), event_id=NO_ID, bundle_id=bundle.id, version=bundle.version)


def roles_fact(
    house: House, action: str, subject_id: UUID, role: str, *, before: list[str], after: list[str], reason: str
) -> AuditFact:
    return AuditFact(
        action=f"governance.role.{action}",
        resource_type="role_assignment",
        resource_id=str(subject_id),
        occurred_at=house.clock.now(),
        before={"roles": before},
        after={"roles": after},
        reason=reason,
        related_ids=(str(subject_id), f"role:{role}"),
        fact_id=NO_ID,
    )


def bundle_fact(house: House, bundle: PolicyBundle, previous: PolicyBundle | None) -> AuditFact:
    return AuditFact(
        action="governance.bundle.publish",
        resource_type="policy_bundle",
        resource_id=str(bundle.id),
        occurred_at=house.clock.now(),
        before={"version": previous.version, "digest": previous.digest} if previous else None,
        after={"version": bundle.version, "digest": bundle.digest},
        fact_id=NO_ID,
    )


async def test_a_grant_is_announced_and_accounted_for(house: House) -> None:
    subject = house.subject()

    granted = await house.app.grant_role(actor=ADMIN, subject_id=subject, role="staff", reason="joined the desk")

    assert granted.created
    assert granted.assignment.granted_by == ADMIN.subject_id
    assert await house.roles(subject) == ("staff",)
    assert house.uow.announced == [changed(house, subject, "staff")]
    assert house.uow.told == [
        (roles_fact(house, "grant", subject, "staff", before=[], after=["staff"], reason="joined the desk"), ADMIN)
    ]


async def test_granting_again_changes_nothing(house: House) -> None:
    subject = house.subject()
    first = await house.app.grant_role(actor=ADMIN, subject_id=subject, role="staff")
    house.clock.advance(seconds=60)

    again = await house.app.grant_role(actor=ADMIN, subject_id=subject, role="staff")

    assert not again.created
    assert again.assignment.granted_at == first.assignment.granted_at
    assert len(house.uow.committed.events) == 1
    assert [fact.action for fact in house.uow.facts] == ["governance.role.grant", "governance.role_assignment.read"]


@pytest.mark.parametrize("role", ["admin", "staff", "user"])
async def test_nobody_grants_to_themselves(house: House, role: str) -> None:
    house.subjects.active.add(ADMIN.user_id)

    with house.refuses(SelfGrant):
        await house.app.grant_role(actor=ADMIN, subject_id=ADMIN.user_id, role=role)


async def test_a_stranger_is_granted_nothing(house: House) -> None:
    with house.refuses(UnknownSubject):
        await house.app.grant_role(actor=ADMIN, subject_id=new_id(), role="staff")


async def test_a_suspended_subject_is_granted_nothing(house: House) -> None:
    subject = new_id()
    house.subjects.suspended.add(subject)

    with house.refuses(InactiveSubject):
        await house.app.grant_role(actor=ADMIN, subject_id=subject, role="staff")


async def test_without_identity_nothing_is_granted(house: House) -> None:
    subject = house.subject()
    house.subjects.away = True

    with house.refuses(Unavailable):
        await house.app.grant_role(actor=ADMIN, subject_id=subject, role="staff")


async def test_an_unknown_role_is_neither_granted_nor_revoked(house: House) -> None:
    subject = house.subject()

    with house.refuses(UnknownRole):
        await house.app.grant_role(actor=ADMIN, subject_id=subject, role="emperor")
    with house.refuses(UnknownRole):
        await house.app.revoke_role(actor=ADMIN, subject_id=subject, role="emperor")


async def test_a_revocation_is_announced_and_accounted_for(house: House) -> None:
    subject = house.subject()
    for role in ("staff", "guest"):
        await house.app.grant_role(actor=ADMIN, subject_id=subject, role=role)
    house.clock.advance(seconds=60)

    remaining = await house.app.revoke_role(actor=ADMIN, subject_id=subject, role="staff", reason="left")

    assert remaining == ("guest",)
    assert house.uow.announced[2:] == [changed(house, subject, "guest")]
    assert house.uow.told[2:] == [
        (roles_fact(house, "revoke", subject, "staff", before=["guest", "staff"], after=["guest"], reason="left"), ADMIN)
    ]


async def test_who_lost_every_role_has_none(house: House) -> None:
    subject = house.subject()
    await house.app.grant_initial_role(actor=SERVICE, subject_id=subject)

    await house.app.revoke_role(actor=ADMIN, subject_id=subject, role="user")

    assert await house.roles(subject) == ()


async def test_revoking_what_is_not_held_changes_nothing(house: House) -> None:
    subject = house.subject()
    await house.app.grant_role(actor=ADMIN, subject_id=subject, role="staff")

    assert await house.app.revoke_role(actor=ADMIN, subject_id=subject, role="user") == ("staff",)
    assert await house.app.revoke_role(actor=ADMIN, subject_id=new_id(), role="user") == ()
    assert [fact.resource_type for fact in house.uow.facts] == ["role_assignment", "read", "read"]


async def test_a_suspended_subject_can_be_revoked_while_identity_is_away(house: House) -> None:
    subject = house.subject()
    await house.app.grant_role(actor=ADMIN, subject_id=subject, role="staff")
    house.subjects.away = True

    assert await house.app.revoke_role(actor=ADMIN, subject_id=subject, role="staff") == ()


async def test_a_new_subject_is_welcomed_with_the_default_role(house: House) -> None:
    subject = new_id()
    assert await house.roles(subject) == ("user",)

    await house.app.grant_initial_role(actor=SERVICE, subject_id=subject)

    assert await house.roles(subject) == ("user",)
    assert house.uow.announced == [changed(house, subject, "user")]
    assert house.uow.told == [
        (roles_fact(house, "grant", subject, "user", before=[], after=["user"], reason="registered"), SERVICE)
    ]
    assert house.uow.committed.holders[subject].welcomed_at == house.clock.now()


async def test_identity_names_the_administrator(house: House) -> None:
    subject = new_id()

    await house.app.grant_initial_role(actor=SERVICE, subject_id=subject, role="admin")

    assert await house.roles(subject) == ("admin",)


async def test_a_welcome_with_an_unknown_role_is_refused(house: House) -> None:
    with house.refuses(UnknownRole):
        await house.app.grant_initial_role(actor=SERVICE, subject_id=new_id(), role="emperor")


async def test_a_repeated_announcement_gives_nothing_back(house: House) -> None:
    subject = house.subject()
    await house.app.grant_initial_role(actor=SERVICE, subject_id=subject)
    await house.app.grant_initial_role(actor=SERVICE, subject_id=subject)
    assert len(house.uow.facts) == 1
    await house.app.revoke_role(actor=ADMIN, subject_id=subject, role="user")

    await house.app.grant_initial_role(actor=SERVICE, subject_id=subject)

    assert await house.roles(subject) == ()


async def test_a_grant_before_the_announcement_stays(house: House) -> None:
    subject = house.subject()
    await house.app.grant_role(actor=ADMIN, subject_id=subject, role="staff")

    await house.app.grant_initial_role(actor=SERVICE, subject_id=subject)

    assert await house.roles(subject) == ("staff", "user")
    fact = roles_fact(house, "grant", subject, "user", before=["staff"], after=["staff", "user"], reason="registered")
    assert house.uow.told[1:] == [(fact, SERVICE)]


async def test_the_first_start_publishes_and_the_second_does_not(house: House) -> None:
    await house.app.ensure_bundle(actor=SERVICE)
    await house.app.ensure_bundle(actor=SERVICE)

    [bundle] = house.uow.committed.bundles
    assert (bundle.version, bundle.published_by, bundle.published_at) == (1, "governance", house.clock.now())
    assert house.uow.announced == [published(house, bundle)]
    assert house.uow.told == [(bundle_fact(house, bundle, None), SERVICE)]


async def test_a_release_that_compiles_differently_publishes_anew(house: House) -> None:
    await house.app.ensure_bundle(actor=SERVICE)
    house.uow.committed.bundles[0].digest = "0" * 64

    await house.app.ensure_bundle(actor=SERVICE)

    first, second = house.uow.committed.bundles
    assert (first.version, second.version) == (1, 2)
    assert house.uow.announced[1:] == [published(house, second)]
    assert house.uow.told[1:] == [(bundle_fact(house, second, first), SERVICE)]


# What the previous release compiled of a rule: it does not look at who is asked for, and so would match the sum of another.
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
async def test_the_first_bundle_after_an_upgrade_has_every_rule_compiled_again(house: House, how: str) -> None:
    """Payments asks by a rule's name once it has one in the bundle, so no bundle mixes old text with new."""
    for name in ("large", "summed"):
        window = Window(24) if name == "summed" else None
        terms = ApprovalTerms(currency="NAD", threshold=Decimal(50_000), window=window)
        await house.app.set_approval_rule(actor=ADMIN, name=name, terms=terms, version=None, reason="test")
    expected = house.uow.committed.bundles[-1].policies
    old = CompiledPolicies("\n\n".join([OLD_RULE, OLD_RULE.replace("large", "summed")]), "{}")
    bundle = PolicyBundle.publish(old, previous=house.uow.committed.bundles[-1], by="governance", at=house.clock.now())
    assert bundle
    house.uow.committed.bundles.append(bundle)

    if how == "start":
        await house.app.ensure_bundle(actor=SERVICE)
    elif how == "permissions":
        await house.app.set_role_permissions(actor=ADMIN, role_name="guest", permissions=["user:read"], version=1)
    else:
        other = ApprovalTerms(currency="USD", threshold=Decimal(1))
        await house.app.set_approval_rule(actor=ADMIN, name="other", terms=other, version=None, reason="test")

    newest = house.uow.committed.bundles[-1]
    assert newest.version == bundle.version + 1
    forbids = [text for text in newest.policies.split("\n\n") if "approval:large" in text or "approval:summed" in text]
    assert forbids == [text for text in expected.split("\n\n") if "approval:large" in text or "approval:summed" in text]
    assert ["context has rule" in text for text in forbids] == [True, True]
    assert OLD_RULE not in newest.policies


async def test_setting_permissions_publishes_the_bundle_that_says_so(house: House) -> None:
    await house.app.ensure_bundle(actor=SERVICE)

    role = await house.app.set_role_permissions(actor=ADMIN, role_name="guest", permissions=["user:read"], version=1)

    assert (role.version, role.permissions) == (2, ("user:read",))
    assert house.uow.committed.bundles[-1].version == 2
    assert 'Role::"guest", action in [Action::"user:read"]' in house.uow.committed.bundles[-1].policies
    fact = AuditFact(
        action="governance.role.set_permissions",
        resource_type="role",
        resource_id="guest",
        occurred_at=house.clock.now(),
        before={"permissions": [], "version": 1},
        after={"permissions": ["user:read"], "version": 2},
        related_ids=("role:guest",),
        fact_id=NO_ID,
    )
    first, second = house.uow.committed.bundles
    assert house.uow.told[1:] == [(fact, ADMIN), (bundle_fact(house, second, first), ADMIN)]
    assert house.uow.announced[1:] == [published(house, second)]


async def test_setting_the_same_permissions_publishes_nothing(house: House) -> None:
    await house.app.ensure_bundle(actor=SERVICE)

    role = await house.app.set_role_permissions(
        actor=ADMIN, role_name="user", permissions=["payment:create", "user:read", "user:read"], version=1
    )

    assert role.version == 1
    assert len(house.uow.committed.bundles) == len(house.uow.facts) == 1


async def test_a_stale_version_is_refused(house: House) -> None:
    await house.app.set_role_permissions(actor=ADMIN, role_name="guest", permissions=["user:read"], version=1)

    with house.refuses(StaleVersion):
        await house.app.set_role_permissions(actor=ADMIN, role_name="guest", permissions=[], version=1)


async def test_unknown_roles_and_permissions_are_refused(house: House) -> None:
    with house.refuses(NotFound):
        await house.app.set_role_permissions(actor=ADMIN, role_name="emperor", permissions=[], version=1)
    with house.refuses(UnknownPermission) as refused:
        await house.app.set_role_permissions(actor=ADMIN, role_name="guest", permissions=["vault:open"], version=1)
    assert refused.value.facts == {"unknown": ["vault:open"]}


async def test_unsound_policies_leave_everything_as_it_was(house: House) -> None:
    await house.app.ensure_bundle(actor=SERVICE)
    house.checker.sound = False

    with house.refuses(UnsoundPolicies):
        await house.app.set_role_permissions(actor=ADMIN, role_name="guest", permissions=["user:read"], version=1)


async def test_the_bundle_comes_only_when_it_is_news(house: House) -> None:
    with house.refuses(Unavailable):
        await house.app.get_bundle()
    await house.app.ensure_bundle(actor=SERVICE)

    first = await house.app.get_bundle(known_version=0)

    other = await house.app.get_bundle(known_version=7)
    assert first
    assert other
    assert first.bundle.version == other.bundle.version == 1
    assert await house.app.get_bundle(known_version=1) is None


async def test_a_role_is_read_by_its_name(house: House) -> None:
    assert (await house.app.get_role(name="staff")).description == "Staff"
    with house.refuses(NotFound):
        await house.app.get_role(name="emperor")


async def test_an_actor_of_another_kind_with_the_same_id_is_not_oneself(house: House) -> None:
    subject = house.subject()

    granted = await house.app.grant_role(actor=replace(SERVICE, subject_id="console"), subject_id=subject, role="staff")

    assert granted.assignment.granted_by == "console"
