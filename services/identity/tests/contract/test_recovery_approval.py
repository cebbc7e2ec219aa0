"""A decision on recovery is signed and carried out once, also if the process is killed before the deed."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.approvals.local_decider import DecideLocally
from chassis.approvals.unfinished import GRACE, ExecuteDecided
from chassis.crypto import verify_signature
from chassis.persistence.database import Database
from chassis.policies import Policies
from chassis.testing.clocks import ControlledClock
from identity.application.sessions.end_session import EndSession
from identity.application.sessions.end_sessions import EndSessions
from identity.domain.recovery_request import APPROVAL_KIND
from identity.infrastructure.decider_rights import CurrentDeciderRights
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from identity.wiring.approvals import execute_decided, execute_recovery_approval, signer
from kernel.actor import Actor, ActorKind
from kernel.approvals import Outcome
from services.identity.tests.contract.api import Api, own_id
from services.identity.tests.contract.authenticator_app import App, second_factor
from services.identity.tests.contract.recovery import administrator, ask_recovery, decide
from services.identity.tests.fakes import Fakes
from services.identity.tests.stored import rows


@pytest.fixture
async def app(api: Api, clock: ControlledClock) -> App:
    app = await second_factor(api, await api.signed_in(), clock)
    clock.advance(seconds=60)
    return app


@pytest.fixture
async def approver(api: Api, app: App, fakes: Fakes, clock: ControlledClock) -> App:
    return await administrator(api, fakes, clock, name="admin", phone="+264811234599")


@pytest.fixture
def job(
    settings: IdentitySettings, database: Database, fakes: Fakes, policies: Policies, clock: ControlledClock
) -> ExecuteDecided[Any]:
    """The job, as `jobs` builds it, except that it has the lists of revocations, which the fixtures compare."""

    async def refresh() -> None: ...

    revocations = fakes.revocations
    execute = execute_recovery_approval(
        settings=settings,
        database=database,
        authority=fakes.authority,
        end_sessions=EndSessions(end_session=EndSession(revocations=revocations)),
        revocations=revocations,
        clock=clock,
    )
    rights = CurrentDeciderRights(unit_of_work(settings, database), fakes.roles, policies, refresh)
    return execute_decided(execute, settings=settings, database=database, rights=rights, authority=fakes.authority, clock=clock)


async def approval(database: Database, request_id: str) -> Any:
    [found] = await rows(database, "SELECT * FROM approvals")
    assert str(found.resource_id) == request_id
    return found


async def interrupted(api: Api, job: ExecuteDecided[Any], settings: IdentitySettings, approver: App) -> str:
    """Return a request on which an administrator has decided, as a process does that is killed before the deed."""
    request_id: str = (await ask_recovery(api)).json()["data"]["id"]
    local = DecideLocally(execute=job.executions[APPROVAL_KIND], signer=signer(settings))
    actor = Actor(kind=ActorKind.USER, subject_id=str(await own_id(api, approver.token)))
    await local._decide(actor, UUID(request_id), Outcome.APPROVED, "seen")  # its first transaction
    return request_id


async def has_factor(api: Api) -> bool:
    return "challenge" in (await api.login()).json()["data"]


async def test_a_confirmed_request_is_asked_for_and_its_decision_is_signed(
    api: Api, app: App, approver: App, database: Database
) -> None:
    asked = (await ask_recovery(api)).json()["data"]
    waiting = await approval(database, asked["id"])
    assert (waiting.kind, waiting.state, waiting.asked_by) == ("identity.recovery", "pending", "anonymous:anonymous")
    assert (await decide(api, asked["id"], approver.token)).status_code == 200
    done = await approval(database, asked["id"])
    [decision] = await rows(database, "SELECT * FROM approval_decisions")
    assert (done.state, decision.approval_id, decision.outcome) == ("executed", done.id, "approved")
    assert json.loads(bytes(decision.statement))["votes"][0]["by"] == str(await own_id(api, approver.token))
    signed = b"elcorp-approval-decision-v1\n" + bytes(decision.statement)
    assert verify_signature(bytes(decision.public_key), bytes(decision.signature), signed)


async def test_an_unconfirmed_request_is_not_asked_for(api: Api, app: App, database: Database) -> None:
    assert (await ask_recovery(api, confirmed=False)).status_code == 202
    assert await rows(database, "SELECT * FROM approvals") == []


async def test_a_decision_that_was_interrupted_is_carried_out_by_the_job_once(
    api: Api,
    app: App,
    approver: App,
    database: Database,
    fakes: Fakes,
    clock: ControlledClock,
    job: ExecuteDecided[Any],
    settings: IdentitySettings,
) -> None:
    request_id = await interrupted(api, job, settings, approver)
    assert ((await approval(database, request_id)).state, await has_factor(api)) == ("decided", True)
    clock.advance(seconds=GRACE.total_seconds())
    fakes.roles.roles = ("admin",)
    assert [await job(), await job()] == [1, 0]
    fakes.roles.roles = ("user",)
    assert ((await approval(database, request_id)).state, await has_factor(api)) == ("executed", False)
    [request] = await rows(database, "SELECT status, decided_by FROM recovery_requests")
    assert (request.status, request.decided_by) == ("approved", UUID(str(await own_id(api, approver.token))))


async def test_a_killed_decision_continues_when_it_is_repeated(
    api: Api, app: App, approver: App, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id, key = (await ask_recovery(api)).json()["data"]["id"], str(uuid4())
    # The killed request leaves its decision.
    api.client.event_hooks = {}

    async def killed(*_: object, **__: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as dying:
        dying.setattr("identity.application.recovery.approval.ApprovableRecovery.execute", killed)
        assert (await decide(api, request_id, approver.token, key=key)).status_code == 500
    assert ((await approval(database, request_id)).state, await has_factor(api)) == ("decided", True)
    done = await decide(api, request_id, approver.token, key=key)
    assert (done.status_code, done.json()["data"]["status"]) == (200, "approved")
    again = await decide(api, request_id, approver.token, key=key)
    assert (again.content, again.headers["idempotency-replayed"]) == (done.content, "true")
    assert ((await approval(database, request_id)).decisions, await has_factor(api)) == (1, False)


@pytest.mark.parametrize("lost", ["role", "authority"])
async def test_who_lost_the_right_to_decide_does_not_count(
    api: Api,
    app: App,
    approver: App,
    database: Database,
    fakes: Fakes,
    clock: ControlledClock,
    job: ExecuteDecided[Any],
    settings: IdentitySettings,
    lost: str,
) -> None:
    request_id = await interrupted(api, job, settings, approver)
    clock.advance(seconds=GRACE.total_seconds())
    fakes.roles.roles = ("user",) if lost == "role" else ("admin",)
    if lost == "authority":
        [user] = await rows(database, "SELECT user_id FROM recovery_requests")
        fakes.authority.beyond.add(user.user_id)
    assert await job() == 0
    assert ((await approval(database, request_id)).state, await has_factor(api)) == ("execution_failed", True)


async def test_a_request_that_ended_withdraws_its_decision(
    api: Api,
    app: App,
    approver: App,
    database: Database,
    fakes: Fakes,
    clock: ControlledClock,
    job: ExecuteDecided[Any],
    settings: IdentitySettings,
) -> None:
    request_id = await interrupted(api, job, settings, approver)
    # The factor is not lost after all.
    challenge = (await api.login()).json()["data"]["challenge"]
    assert (await api.post("/auth/login/verify", {"challenge": challenge, "code": app.code()})).status_code == 200
    clock.advance(seconds=GRACE.total_seconds())
    fakes.roles.roles = ("admin",)
    assert (await job(), (await approval(database, request_id)).state) == (0, "withdrawn")


async def test_a_request_that_nobody_decided_on_expires(
    api: Api, app: App, database: Database, clock: ControlledClock, job: ExecuteDecided[Any]
) -> None:
    asked = (await ask_recovery(api)).json()["data"]
    clock.advance(seconds=7 * 86_400)
    assert (await job(), (await approval(database, asked["id"])).state) == (0, "expired")
