"""Everything that governance's operations publish, field by field."""

import json
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.testing.clocks import ControlledClock
from elcorp.compliance.v1 import events_pb2 as compliance
from elcorp.governance.v1 import events_pb2
from kernel.ids import new_id
from services.governance.tests.contract.api import Api
from services.governance.tests.stored import published

SESSION = new_id()


async def call(api: Api, method: str, path: str, **options: Any) -> Any:
    """Call as a user with a complete actor, a minute after the sign-in. Return the data and the published messages."""
    before = len(await published(api.database))
    headers = api.forge.headers(api.admin_id, roles=("admin",), session_id=SESSION, methods=("pwd", "otp"))
    headers |= {"User-Agent": "Browser/1", "X-Request-Id": "request-7", **options.pop("headers", {})}
    answer = await api.call(method, path, headers=headers, **options)
    assert answer.status_code < 300, answer.text
    return answer.json()["data"], await published(api.database, but_first=before)


def fact(
    api: Api, clock: ControlledClock, action: str, resource_type: str, resource_id: str, **rest: Any
) -> compliance.AuditFact:
    at = Timestamp()
    at.FromDatetime(clock.now())
    states: dict[str, Any] = {name: _json(rest.pop(name)) for name in ("before", "after") if name in rest}
    actor = compliance.AuditActor(
        kind="user",
        subject_id=str(api.admin_id),
        session_id=str(SESSION),
        device_id="device-1",
        ip="127.0.0.1",
        user_agent="Browser/1",
        request_id="request-7",
        authenticated_at=at,
        methods=["pwd", "otp"],
    )
    return compliance.AuditFact(
        producer="governance",
        action=f"governance.{action}",
        actor=actor,
        resource_type=resource_type,
        resource_id=resource_id,
        occurred_at=at,
        **states,
        **rest,
    )


def _json(state: dict[str, object]) -> str:
    return json.dumps(state, sort_keys=True, separators=(",", ":"))


async def bundle_told(
    api: Api, clock: ControlledClock
) -> tuple[tuple[str, events_pb2.PolicyBundlePublished], compliance.AuditFact]:
    """Return the event and fact of the bundle in force, which is not the first one."""
    bundle, previous, *_ = (await api.call("GET", "/policies/bundles")).json()["data"]["items"]
    event = events_pb2.PolicyBundlePublished(version=bundle["version"], bundle_id=bundle["id"])
    before, after = ({"version": each["version"], "digest": each["digest"]} for each in (previous, bundle))
    told = fact(api, clock, "bundle.publish", "policy_bundle", bundle["id"], before=before, after=after)
    return (bundle["id"], event), told


async def test_a_grant_and_a_revocation(api: Api, clock: ControlledClock) -> None:
    subject = str(api.subject())
    await api.call("POST", "/role-assignments", json={"subject_id": subject, "role": "guest"})
    granting = {"subject_id": subject, "role": "staff", "reason": "joined the payments desk"}

    _, granted = await call(api, "POST", "/role-assignments", json=granting)
    _, revoked = await call(api, "DELETE", f"/role-assignments/{subject}/guest", params={"reason": "no guest any more"})

    told = fact(
        api,
        clock,
        "role.grant",
        "role_assignment",
        subject,
        before={"roles": ["guest"]},
        after={"roles": ["guest", "staff"]},
        reason="joined the payments desk",
        related_ids=[subject, "role:staff"],
    )
    assert granted == [
        (subject, events_pb2.SubjectRolesChanged(subject_id=subject, roles=["guest", "staff"], version=4)),
        (None, compliance.AuditFactsRecorded(facts=[told])),
    ]
    told = fact(
        api,
        clock,
        "role.revoke",
        "role_assignment",
        subject,
        before={"roles": ["guest", "staff"]},
        after={"roles": ["staff"]},
        reason="no guest any more",
        related_ids=[subject, "role:guest"],
    )
    assert revoked == [
        (subject, events_pb2.SubjectRolesChanged(subject_id=subject, roles=["staff"], version=6)),
        (None, compliance.AuditFactsRecorded(facts=[told])),
    ]


async def test_setting_permissions(api: Api, clock: ControlledClock) -> None:
    _, told = await call(
        api,
        "PUT",
        "/roles/user/permissions",
        json={"permissions": ["user:read", "audit:view"]},
        headers={"If-Match": '"1"'},
    )

    event, bundle = await bundle_told(api, clock)
    description = "A customer: reads and moves their own money"
    state = {"title": "User", "description": description, "includes": [], "retired": False}
    role = fact(
        api,
        clock,
        "role.set_permissions",
        "role",
        "user",
        before={**state, "permissions": ["payment:create", "user:read"], "version": 1},
        after={**state, "permissions": ["audit:view", "user:read"], "version": 2},
        related_ids=["role:user"],
    )
    assert told == [event, (None, compliance.AuditFactsRecorded(facts=[role, bundle]))]


async def test_setting_replacing_and_withdrawing_an_approval_rule(api: Api, clock: ControlledClock) -> None:
    path, counterparty = "/policies/approval-rules/large", str(new_id())
    first = {
        "currency": "NAD",
        "threshold": "50000.00",
        "kinds": ["payment", "transfer"],
        "role": "user",
        "counterparty": counterparty,
        "window": "24h",
        "description": "Large payments need two",
    }
    gone = {"role": None, "counterparty": None, "window": None, "description": ""}
    second = {**first, **gone, "threshold": "60000.00", "kinds": []}
    states: list[dict[str, object]] = [
        {**first, "withdrawn": False, "version": 1},
        {**second, "withdrawn": False, "version": 2},
        {**second, "withdrawn": True, "version": 3},
    ]
    if_match = {"If-Match": '"1"'}

    _, made = await call(api, "PUT", path, json={**first, "reason": "resolution 12"})
    made_bundle = await bundle_told(api, clock)
    _, replaced = await call(api, "PUT", path, json={**second, "reason": "resolution 13"}, headers=if_match)
    replaced_bundle = await bundle_told(api, clock)
    _, withdrawn = await call(api, "DELETE", path, params={"reason": "the desk is closed"})
    withdrawn_bundle = await bundle_told(api, clock)

    def told(action: str, reason: str, **change: dict[str, object]) -> compliance.AuditFact:
        related = ["approval_rule:large"]
        return fact(api, clock, f"approval_rule.{action}", "approval_rule", "large", reason=reason, related_ids=related, **change)

    facts = [
        told("set", "resolution 12", after=states[0]),
        told("set", "resolution 13", before=states[0], after=states[1]),
        told("withdraw", "the desk is closed", before=states[1], after=states[2]),
    ]
    for change, rule, (event, bundle) in zip(
        (made, replaced, withdrawn), facts, (made_bundle, replaced_bundle, withdrawn_bundle), strict=True
    ):
        assert change == [event, (None, compliance.AuditFactsRecorded(facts=[rule, bundle]))]
