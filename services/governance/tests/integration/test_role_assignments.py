"""Granting and revoking roles."""

from dataclasses import replace
from uuid import UUID

import pytest

from governance.domain.errors import (
    InactiveSubject,
    SelfGrant,
    UnknownRole,
    UnknownSubject,
)
from governance.domain.events import SubjectRolesChanged
from kernel.audit import AuditFact
from kernel.errors import Unavailable
from kernel.ids import new_id
from services.governance.tests.registry import ADMIN, SERVICE, Announced, Registry, announced, recorded


def changed(registry: Registry, subject_id: UUID, *roles: str, version: int = 2) -> Announced:
    at = registry.clock.now()
    return announced(SubjectRolesChanged(occurred_at=at, subject_id=subject_id, roles=roles, version=version))


def roles_fact(
    registry: Registry, action: str, subject_id: UUID, role: str, *, before: list[str], after: list[str], reason: str
) -> AuditFact:
    return AuditFact(
        action=f"governance.role.{action}",
        resource_type="role_assignment",
        resource_id=str(subject_id),
        occurred_at=registry.clock.now(),
        before={"roles": before},
        after={"roles": after},
        reason=reason,
        related_ids=(str(subject_id), f"role:{role}"),
    )


async def test_a_grant_is_announced_and_recorded(registry: Registry) -> None:
    subject = registry.subject()

    granted = await registry.app.role_assignments.grant_role(
        actor=ADMIN, subject_id=subject, role="staff", reason="joined the desk"
    )

    assert granted.created
    assert granted.assignment.granted_by == ADMIN.subject_id
    assert await registry.roles(subject) == ("staff",)
    assert await registry.events() == [changed(registry, subject, "staff")]
    assert await registry.facts() == [
        recorded(roles_fact(registry, "grant", subject, "staff", before=[], after=["staff"], reason="joined the desk"), ADMIN)
    ]


async def test_granting_again_changes_nothing(registry: Registry) -> None:
    subject = registry.subject()
    first = await registry.app.role_assignments.grant_role(actor=ADMIN, subject_id=subject, role="staff")
    registry.clock.advance(seconds=60)

    again = await registry.app.role_assignments.grant_role(actor=ADMIN, subject_id=subject, role="staff")

    assert not again.created
    assert again.assignment.granted_at == first.assignment.granted_at
    assert len(await registry.events()) == 1
    assert [fact.action for fact in await registry.facts()] == ["governance.role.grant", "governance.role_assignment.read"]


@pytest.mark.parametrize("role", ["admin", "staff", "user"])
async def test_actors_cannot_grant_roles_to_themselves(registry: Registry, role: str) -> None:
    registry.subjects.active.add(ADMIN.user_id)

    async with registry.refuses(SelfGrant):
        await registry.app.role_assignments.grant_role(actor=ADMIN, subject_id=ADMIN.user_id, role=role)


async def test_an_unknown_subject_cannot_be_granted_a_role(registry: Registry) -> None:
    async with registry.refuses(UnknownSubject):
        await registry.app.role_assignments.grant_role(actor=ADMIN, subject_id=new_id(), role="staff")


async def test_a_suspended_subject_cannot_be_granted_a_role(registry: Registry) -> None:
    subject = new_id()
    registry.subjects.suspended.add(subject)

    async with registry.refuses(InactiveSubject):
        await registry.app.role_assignments.grant_role(actor=ADMIN, subject_id=subject, role="staff")


async def test_no_role_is_granted_while_identity_is_unavailable(registry: Registry) -> None:
    subject = registry.subject()
    registry.subjects.away = True

    async with registry.refuses(Unavailable):
        await registry.app.role_assignments.grant_role(actor=ADMIN, subject_id=subject, role="staff")


async def test_an_unknown_role_is_neither_granted_nor_revoked(registry: Registry) -> None:
    subject = registry.subject()

    async with registry.refuses(UnknownRole):
        await registry.app.role_assignments.grant_role(actor=ADMIN, subject_id=subject, role="emperor")
    async with registry.refuses(UnknownRole):
        await registry.app.role_assignments.revoke_role(actor=ADMIN, subject_id=subject, role="emperor")


async def test_a_revocation_is_announced_and_recorded(registry: Registry) -> None:
    subject = registry.subject()
    for role in ("staff", "guest"):
        await registry.app.role_assignments.grant_role(actor=ADMIN, subject_id=subject, role=role)
    registry.clock.advance(seconds=60)

    remaining = await registry.app.role_assignments.revoke_role(actor=ADMIN, subject_id=subject, role="staff", reason="left")

    assert remaining == ("guest",)
    assert (await registry.events())[2:] == [changed(registry, subject, "guest", version=6)]
    assert (await registry.facts())[2:] == [
        recorded(
            roles_fact(registry, "revoke", subject, "staff", before=["guest", "staff"], after=["guest"], reason="left"), ADMIN
        )
    ]


async def test_a_subject_whose_roles_were_all_revoked_has_none(registry: Registry) -> None:
    subject = registry.subject()
    await registry.app.role_assignments.grant_initial_role(actor=SERVICE, subject_id=subject)

    await registry.app.role_assignments.revoke_role(actor=ADMIN, subject_id=subject, role="user")

    assert await registry.roles(subject) == ()


async def test_revoking_a_role_that_is_not_held_changes_nothing(registry: Registry) -> None:
    subject = registry.subject()
    await registry.app.role_assignments.grant_role(actor=ADMIN, subject_id=subject, role="staff")

    assert await registry.app.role_assignments.revoke_role(actor=ADMIN, subject_id=subject, role="user") == ("staff",)
    assert await registry.app.role_assignments.revoke_role(actor=ADMIN, subject_id=new_id(), role="user") == ()
    assert [fact.resource_type for fact in await registry.facts()] == ["role_assignment", "read", "read"]


async def test_roles_of_a_suspended_subject_can_be_revoked_while_identity_is_unavailable(registry: Registry) -> None:
    subject = registry.subject()
    await registry.app.role_assignments.grant_role(actor=ADMIN, subject_id=subject, role="staff")
    registry.subjects.away = True

    assert await registry.app.role_assignments.revoke_role(actor=ADMIN, subject_id=subject, role="staff") == ()


async def test_a_new_subject_gets_the_default_role(registry: Registry) -> None:
    subject = new_id()
    assert await registry.roles(subject) == ("user",)

    await registry.app.role_assignments.grant_initial_role(actor=SERVICE, subject_id=subject)

    assert await registry.roles(subject) == ("user",)
    assert await registry.events() == [changed(registry, subject, "user")]
    assert await registry.facts() == [
        recorded(roles_fact(registry, "grant", subject, "user", before=[], after=["user"], reason="registered"), SERVICE)
    ]
    assert (await registry.holder(subject)).welcomed_at == registry.clock.now()


async def test_identity_can_name_the_first_role(registry: Registry) -> None:
    subject = new_id()

    await registry.app.role_assignments.grant_initial_role(actor=SERVICE, subject_id=subject, role="admin")

    assert await registry.roles(subject) == ("admin",)


async def test_an_unknown_first_role_is_refused(registry: Registry) -> None:
    async with registry.refuses(UnknownRole):
        await registry.app.role_assignments.grant_initial_role(actor=SERVICE, subject_id=new_id(), role="emperor")


async def test_a_repeated_announcement_restores_no_role(registry: Registry) -> None:
    subject = registry.subject()
    await registry.app.role_assignments.grant_initial_role(actor=SERVICE, subject_id=subject)
    await registry.app.role_assignments.grant_initial_role(actor=SERVICE, subject_id=subject)
    assert len(await registry.facts()) == 1
    await registry.app.role_assignments.revoke_role(actor=ADMIN, subject_id=subject, role="user")

    await registry.app.role_assignments.grant_initial_role(actor=SERVICE, subject_id=subject)

    assert await registry.roles(subject) == ()


async def test_a_grant_before_the_announcement_is_kept(registry: Registry) -> None:
    subject = registry.subject()
    await registry.app.role_assignments.grant_role(actor=ADMIN, subject_id=subject, role="staff")

    await registry.app.role_assignments.grant_initial_role(actor=SERVICE, subject_id=subject)

    assert await registry.roles(subject) == ("staff", "user")
    fact = roles_fact(registry, "grant", subject, "user", before=["staff"], after=["staff", "user"], reason="registered")
    assert (await registry.facts())[1:] == [recorded(fact, SERVICE)]


async def test_an_actor_of_another_kind_with_the_same_id_is_another_actor(registry: Registry) -> None:
    subject = registry.subject()

    granted = await registry.app.role_assignments.grant_role(
        actor=replace(SERVICE, subject_id="console"), subject_id=subject, role="staff"
    )

    assert granted.assignment.granted_by == "console"
