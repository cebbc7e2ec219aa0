"""Acts with valid credentials of an account add few entries to the append-only log, and all are counted."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application.attempts.record_counted_attempts import RecordCountedAttempts
from identity.application.factors.required_factors import RequiredOf
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from services.identity.tests.contract.api import ARRANGING, PASSWORD, Api, at_address
from services.identity.tests.contract.authenticator import Authenticator
from services.identity.tests.contract.outbox import Record, recording
from services.identity.tests.contract.passkeys import add_passkey, sign_in_with_passkey
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes

SINGLY, TIMES = 3, 8
WRONG = "Wrong-Sunrise-47!"


@pytest.fixture
def settings(usual_settings: IdentitySettings) -> IdentitySettings:
    """Require two factors only if a test says so."""
    return usual_settings.model_copy(update={"attempts_recorded_singly": 1, "acts_recorded_singly": SINGLY})


@pytest.fixture
def record_counted(settings: IdentitySettings, database: Database, clock: ControlledClock) -> RecordCountedAttempts:
    return RecordCountedAttempts(unit_of_work(settings, database), clock)


@pytest.fixture
async def user_id(api: Api, clock: ControlledClock) -> str:
    """A user who registered an hour ago."""
    arranging = ARRANGING.set(True)
    user_id: str = (await api.register()).json()["data"]["id"]
    ARRANGING.reset(arranging)
    clock.advance(seconds=3600)
    return user_id


class Caller:
    """A user with valid credentials, who repeats one act."""

    def __init__(self, api: Api, user_id: str) -> None:
        self.api, self.user_id = api, user_id
        self.token = self.refresh_token = self.challenge = ""

    async def sign_in(self, **changes: Any) -> None:
        data = (await self.api.login(**changes)).json()["data"]
        self.token, self.refresh_token = data["access_token"], data["refresh_token"]

    async def sign_in_elsewhere(self) -> None:
        await self.sign_in(device_id=str(uuid4()))

    async def sign_in_and_out(self) -> None:
        await self.sign_in_elsewhere()
        await self.api.post("/auth/logout", token=self.token)

    async def refresh(self) -> None:
        self.refresh_token = (await self.api.refresh(self.refresh_token)).json()["data"]["refresh_token"]

    async def give_a_wrong_password(self) -> None:
        change = {"current_password": WRONG, "new_password": "Kavango-Morning-63?*"}
        await self.api.patch(f"/users/{self.user_id}/password", change, token=self.token)

    async def step_up(self) -> None:
        assert (await self.api.post("/auth/step-up", {"password": PASSWORD}, token=self.token)).status_code == 200

    async def step_up_wrongly(self) -> None:
        await self.api.post("/auth/step-up", {"password": WRONG}, token=self.token)

    async def begin_an_app(self) -> None:
        assert (await self.api.post("/auth/factors/totp", token=self.token)).status_code == 201

    async def begin_a_passkey(self) -> None:
        assert (await self.api.post("/auth/factors/passkeys/options", token=self.token)).status_code == 200

    async def answer_no_challenge(self) -> None:
        assertion = {"ceremony_id": str(uuid4()), "credential": {}}
        await self.api.post("/auth/step-up", {"passkey": assertion}, token=self.token)

    async def ask_for_a_code(self) -> None:
        assert (await self.api.post("/users/me/phone", {"phone": "+264811234567"}, token=self.token)).status_code == 202


Act = Callable[[Caller], Awaitable[None]]
SIGN_IN, END, REFRESH = "identity.user.sign_in", "identity.session.end", "identity.session.refresh"
ACTS: list[Any] = [
    pytest.param(Caller.sign_in, {SIGN_IN, END}, id="sign in on the same device"),
    pytest.param(Caller.sign_in_elsewhere, {SIGN_IN}, id="sign in on other devices"),
    pytest.param(Caller.sign_in_and_out, {SIGN_IN, END}, id="sign in and out"),
    pytest.param(Caller.refresh, {REFRESH}, id="refresh"),
    pytest.param(Caller.give_a_wrong_password, {"identity.password.change_refused"}, id="wrong current passwords"),
    pytest.param(Caller.step_up, {"identity.session.step_up"}, id="step up"),
    pytest.param(Caller.step_up_wrongly, {"identity.user.second_factor_failed"}, id="step up by a wrong password"),
    pytest.param(Caller.begin_an_app, {"identity.factor.begin"}, id="begin an app"),
    pytest.param(Caller.begin_a_passkey, {"identity.passkey.challenge"}, id="begin a passkey"),
    pytest.param(Caller.answer_no_challenge, {"identity.passkey.refuse"}, id="answer no challenge"),
    pytest.param(Caller.ask_for_a_code, {"identity.verification.request"}, id="ask for codes"),
]


def counted(record: Record) -> Counter[str]:
    """Return how many acts of each kind are on record, as facts or in counts."""
    kinds = Counter(fact["action"] for fact in record.facts if fact["action"] != "identity.attempts.count")
    for fact in record.facts:
        for kind in fact["after"].get("kinds", ()) if fact["action"] == "identity.attempts.count" else ():
            kinds[kind["action"]] += kind["attempts"]
    return kinds


def singly(record: Record) -> Counter[str]:
    return Counter(fact["action"] for fact in record.facts)


@pytest.mark.parametrize(("act", "actions"), ACTS)
async def test_repeated_acts_with_valid_credentials_are_recorded_singly_a_few_times_an_hour(
    api: Api,
    user_id: str,
    database: Database,
    clock: ControlledClock,
    record_counted: RecordCountedAttempts,
    act: Act,
    actions: set[str],
) -> None:
    arranging = ARRANGING.set(True)
    caller = Caller(api, user_id)
    await caller.sign_in()
    # The acts happen in the same hour as the sign-in, because some need a recent one.
    async with recording(database) as record:
        for _ in range(TIMES):
            await act(caller)
        clock.advance(seconds=60)
        await record_counted()
    ARRANGING.reset(arranging)
    done, single = counted(record), singly(record)
    for action in actions:
        assert done[action] == TIMES, done
    # One more for the first attempt of the address, wherever it falls.
    assert sum(single[action] for action in actions) <= SINGLY * len(actions) + 1, single
    assert single["identity.attempts.count"] == 1
    assert [fact["related_ids"] for fact in record.facts if fact["action"] == "identity.attempts.count"] == [[user_id]]


async def test_passkey_sign_ins_are_recorded_singly_no_more_often(
    api: Api, user_id: str, database: Database, clock: ControlledClock, record_counted: RecordCountedAttempts
) -> None:
    arranging, caller, passkey = ARRANGING.set(True), Caller(api, user_id), Authenticator()
    await caller.sign_in()
    assert (await add_passkey(api, caller.token, passkey)).status_code == 201
    clock.advance(seconds=3600)
    async with recording(database) as record:
        for _ in range(TIMES):
            answer = await sign_in_with_passkey(api, passkey)
            assert answer.status_code == 200, answer.text
        clock.advance(seconds=60)
        await record_counted()
    ARRANGING.reset(arranging)
    for action in (SIGN_IN, "identity.user.second_factor_shown"):
        assert (singly(record)[action], counted(record)[action]) == (SINGLY, TIMES)
    # Anyone can request a challenge.
    assert (singly(record)["identity.passkey.challenge"], counted(record)["identity.passkey.challenge"]) == (1, TIMES)


async def test_acts_an_hour_later_or_from_another_address_are_single_facts_again(
    api: Api, user_id: str, database: Database, clock: ControlledClock, record_counted: RecordCountedAttempts
) -> None:
    arranging, caller = ARRANGING.set(True), Caller(api, user_id)
    for _ in range(TIMES):
        await caller.sign_in_elsewhere()
    async with at_address(api, "203.0.113.9") as there, recording(database) as elsewhere:
        await Caller(there, user_id).sign_in_elsewhere()
        await Caller(there, user_id).sign_in_elsewhere()
    # The first act from another address is recorded with device and program, whatever happened before.
    [first] = [fact for fact in elsewhere.facts if fact["action"] == SIGN_IN]
    assert (first["actor"]["ip"], first["after"]["new_device"]) == ("203.0.113.9", True)
    clock.advance(seconds=3600)
    async with recording(database) as later:
        for _ in range(SINGLY):
            await caller.sign_in_elsewhere()
    ARRANGING.reset(arranging)
    assert singly(later)[SIGN_IN] == SINGLY


async def test_each_act_of_staff_on_a_user_is_a_fact_of_its_own(api: Api, database: Database, fakes: Fakes) -> None:
    arranging = ARRANGING.set(True)
    user_id = (await api.register()).json()["data"]["id"]
    caller = Caller(api, user_id)
    for _ in range(TIMES):
        await caller.sign_in_elsewhere()
    admin = await signed_in_as(api, fakes, "admin")
    async with recording(database) as record:
        answer = await api.post(f"/users/{user_id}/suspend", {"reason": "Under investigation"}, token=admin)
    ARRANGING.reset(arranging)
    assert answer.status_code == 200, answer.text
    assert singly(record)[END] == TIMES


async def test_sessions_that_end_together_are_counted_together(
    api: Api, user_id: str, database: Database, clock: ControlledClock, record_counted: RecordCountedAttempts
) -> None:
    arranging, caller = ARRANGING.set(True), Caller(api, user_id)
    for _ in range(TIMES):
        await caller.sign_in_elsewhere()
    await caller.api.login(password=WRONG)
    async with recording(database) as record:
        assert (await api.post("/auth/logout-all", {}, token=caller.token)).status_code == 200
        clock.advance(seconds=60)
        await record_counted()
    ARRANGING.reset(arranging)
    assert (singly(record)[END], counted(record)[END]) == (SINGLY, TIMES)
    [ended] = [kind for fact in record.facts for kind in fact["after"].get("kinds", ()) if kind["action"] == END]
    assert ended == {
        "action": END,
        "attempts": TIMES - SINGLY,
        "reason": "signed_out_everywhere",
        "accounts": {user_id: TIMES - SINGLY},
    }


class TestEnrolment:
    """Sign-ins that stop at the second factor, which is as far as a thief of a password gets."""

    @pytest.fixture
    def settings(self, usual_settings: IdentitySettings) -> IdentitySettings:
        """The defaults; every user must have a second factor, and this one has none yet."""
        changes = {"attempts_recorded_singly": 1, "acts_recorded_singly": 10, "mfa_required_of": RequiredOf.EVERYONE}
        return usual_settings.model_copy(update=changes)

    async def test_challenges_add_few_entries(
        self, api: Api, user_id: str, database: Database, clock: ControlledClock, record_counted: RecordCountedAttempts
    ) -> None:
        arranging = ARRANGING.set(True)
        async with recording(database) as record:
            for _ in range(120):
                assert (await api.login()).json()["data"]["enrolment"] is True
            clock.advance(seconds=60)
            await record_counted()
        ARRANGING.reset(arranging)
        challenged = "identity.user.sign_in_challenged"
        # The eleventh is the first that counts as an attempt of its address.
        assert singly(record) == {challenged: 11, "identity.attempts.count": 1}
        assert counted(record) == {challenged: 120}

    async def test_wrong_codes_and_secrets_of_an_app_that_is_never_set_up_add_few_entries(
        self, api: Api, user_id: str, database: Database, clock: ControlledClock, record_counted: RecordCountedAttempts
    ) -> None:
        arranging = ARRANGING.set(True)
        async with recording(database) as record:
            for _ in range(4):
                challenge = (await api.login()).json()["data"]["challenge"]
                for _ in range(5):
                    assert (await api.post("/auth/login/totp", {"challenge": challenge})).status_code == 201
                    wrong = {"challenge": challenge, "code": "000000"}
                    assert (await api.post("/auth/login/totp/confirm", wrong)).status_code == 401
            clock.advance(seconds=60)
            await record_counted()
        ARRANGING.reset(arranging)
        begun, failed = "identity.factor.begin", "identity.user.second_factor_failed"
        assert (counted(record)[begun], counted(record)[failed]) == (20, 20)
        assert singly(record)[begun] + singly(record)[failed] <= 21
