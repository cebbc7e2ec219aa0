"""Sign-ins, refreshes, ends and suspensions in any order and concurrently, against a model of the sessions that may be live.

The rules run in a Hypothesis thread; their calls run on the test's event loop, each on its own connection.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.machines import run_machine
from identity.application import Identity
from identity.application.ports.session_rules import TokenPair
from identity.application.sessions.end_overdue_sessions import EndOverdueSessions
from identity.domain.errors import InvalidCredentials, InvalidRefreshToken, SessionExpired
from identity.domain.refresh_token import RETRY_SECONDS_MAX
from identity.domain.sign_in_name import SignInName
from identity.infrastructure.refresh_tokens import SignedRefreshTokens
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from kernel.actor import Actor, ActorKind
from services.identity.tests.fakes import Fakes
from services.identity.tests.people import PASSWORD, STRANGER, registered

DEVICES = (0, 1, 2)
AT_ONCE = st.integers(min_value=1, max_value=4)
REASON = "Reported as stolen"


@dataclass
class Chain:
    """The expected session: its current token, and the earlier tokens with the time when each was used."""

    session_id: UUID
    current: str
    used: list[tuple[str, datetime]] = field(default_factory=list)


@dataclass
class Ground:
    """The resources that the machine uses."""

    identity: Identity
    database: Database
    settings: IdentitySettings
    clock: ControlledClock
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=300)

    def at_once(self, calls: Sequence[Awaitable[Any]]) -> list[Any]:
        async def gathered() -> list[Any]:
            return await asyncio.gather(*calls, return_exceptions=True)

        outcomes: list[Any] = self.run(gathered())
        return outcomes

    def rows(self, query: str, **parameters: object) -> list[Any]:
        async def read() -> list[Any]:
            async with self.database.read() as connection:
                return list((await connection.execute(text(query), parameters)).all())

        rows: list[Any] = self.run(read())
        return rows


class SessionMachine(RuleBasedStateMachine):
    ground: ClassVar[Ground]
    numbers: ClassVar[Any] = count()

    @initialize()
    def register_user(self) -> None:
        number = next(self.numbers)
        self.email = f"person.{number}@example.na"
        registration = self.ground.identity.registration
        details = {"email": self.email, "phone": f"+26481{number:07d}"}
        self.user_id: UUID = self.ground.run(registered(registration.register_user, registration.verify_email, **details)).user_id
        self.devices = [uuid4() for _ in DEVICES]
        self.live: dict[int, Chain] = {}
        self.dead: list[tuple[str, int]] = []
        self.suspended = False

    # Rules

    @rule(device=st.sampled_from(DEVICES), times=AT_ONCE)
    def sign_in(self, device: int, times: int) -> None:
        outcomes = self.ground.at_once([self._sign_in(device) for _ in range(times)])
        if self.suspended:
            assert {type(outcome) for outcome in outcomes} == {InvalidCredentials}
            return
        self._expect_ended(device)
        query = "SELECT id FROM sessions WHERE user_id = :user AND device_id = :device AND ended_at IS NULL"
        ((session_id,),) = self.ground.rows(query, user=self.user_id, device=self.devices[device])
        for pair in outcomes:
            if self._session_of(pair.refresh_token) == session_id:
                self.live[device] = Chain(session_id, pair.refresh_token)
            else:
                self.dead.append((pair.refresh_token, device))

    @precondition(lambda self: self.live)
    @rule(data=st.data(), times=AT_ONCE)
    def refresh(self, data: st.DataObject, times: int) -> None:
        device, chain = self._draw_live(data)
        outcomes = self.ground.at_once([self._refresh(chain.current, device) for _ in range(times)])
        (successor,) = {pair.refresh_token for pair in outcomes}
        self._advance_chain(chain, successor)

    @precondition(lambda self: self.live)
    @rule(
        data=st.data(),
        times=AT_ONCE,
        how=st.sampled_from(["sign_out", "everywhere", "revoke_session", "revoke_device", "suspend", "delete"]),
        first=st.booleans(),
    )
    def end_while_refreshing(self, data: st.DataObject, times: int, how: str, first: bool) -> None:
        device, chain = self._draw_live(data)
        refreshing = [self._refresh(chain.current, device) for _ in range(times)]
        ending = [self._end(how, device, chain)]
        outcomes = self.ground.at_once(ending + refreshing if first else refreshing + ending)
        refreshed = outcomes[1:] if first else outcomes[:-1]
        assert not isinstance(outcomes[0 if first else -1], BaseException)
        assert all(isinstance(outcome, TokenPair | InvalidRefreshToken) for outcome in refreshed)
        self.dead += [(pair.refresh_token, device) for pair in refreshed if isinstance(pair, TokenPair)]
        for ended in [device] if how in ("sign_out", "revoke_session", "revoke_device") else list(self.live):
            self._expect_ended(ended)
        self.suspended = self.suspended or how in ("suspend", "delete")
        self.restore = "restore_user" if how == "delete" else "activate_user"

    @precondition(lambda self: any(chain.used for chain in self.live.values()))
    @rule(data=st.data(), beside=st.booleans())
    def present_a_used_token(self, data: st.DataObject, beside: bool) -> None:
        """Within ten seconds this is a retry and returns the current token, after any number of refreshes; later it is theft."""
        device = data.draw(st.sampled_from([device for device, chain in self.live.items() if chain.used]))
        chain = self.live[device]
        token, used_at = data.draw(st.sampled_from(chain.used[-6:]))
        calls = [self._refresh(token, device)] + ([self._refresh(chain.current, device)] if beside else [])
        if self.ground.clock.now() - used_at <= timedelta(seconds=RETRY_SECONDS_MAX):
            pairs = [pair.refresh_token for pair in self.ground.at_once(calls)]
            # In either order, the used token returns the token that is current at that moment.
            assert pairs[0] in {chain.current, pairs[-1]}
            if beside:
                self._advance_chain(chain, pairs[1])
            return
        outcomes = self.ground.at_once(calls)
        assert isinstance(outcomes[0], InvalidRefreshToken)
        self.dead += [(pair.refresh_token, device) for pair in outcomes if isinstance(pair, TokenPair)]
        self._expect_ended(device)

    @precondition(lambda self: self.live)
    @rule(data=st.data())
    def present_a_token_on_another_device(self, data: st.DataObject) -> None:
        device, chain = self._draw_live(data)
        (outcome,) = self.ground.at_once([self._refresh(chain.current, (device + 1) % len(DEVICES))])
        assert isinstance(outcome, InvalidRefreshToken)
        self._expect_ended(device)

    @precondition(lambda self: self.live)
    @rule(times=st.integers(min_value=0, max_value=2))
    def leave_all_idle(self, times: int) -> None:
        """The job and refreshes both end idle sessions, without conflicts."""
        ground = self.ground
        ground.clock.advance(days=1)
        end = EndOverdueSessions(unit_of_work(ground.settings, ground.database), ground.clock, ground.settings.session_idle)
        refreshing = [self._refresh(chain.current, device) for device, chain in self.live.items()]
        outcomes = ground.at_once([*refreshing, *(end() for _ in range(times))])[: len(refreshing)]
        assert all(isinstance(outcome, SessionExpired | InvalidRefreshToken) for outcome in outcomes)
        for device in list(self.live):
            self._expect_ended(device)

    @precondition(lambda self: self.suspended)
    @rule()
    def restore_user(self) -> None:
        (outcome,) = self.ground.at_once([self._change(self.restore)])
        assert not isinstance(outcome, BaseException)
        self.suspended = False

    @rule(seconds=st.sampled_from([1, 9, 11, 300]))
    def advance_time(self, seconds: int) -> None:
        self.ground.clock.advance(seconds=seconds)

    # Invariants

    @invariant()
    def live_sessions_are_those_expected(self) -> None:
        if hasattr(self, "live"):
            rows = self.ground.rows("SELECT id FROM sessions WHERE user_id = :user AND ended_at IS NULL", user=self.user_id)
            assert {row.id for row in rows} == {chain.session_id for chain in self.live.values()}

    @invariant()
    def every_end_is_announced_once(self) -> None:
        ended = self.ground.rows("SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL")
        assert ended == self.ground.rows("SELECT count(*) FROM outbox WHERE type = 'identity.session.ended'")

    @invariant()
    def ended_sessions_stay_ended(self) -> None:
        if hasattr(self, "dead") and self.dead:
            # The latest tokens, each of which a race could have left live; tokens of an ended session end no other session.
            outcomes = self.ground.at_once([self._refresh(token, device) for token, device in self.dead[-4:]])
            assert {type(outcome) for outcome in outcomes} == {InvalidRefreshToken}

    # Helpers

    def _draw_live(self, data: st.DataObject) -> tuple[int, Chain]:
        device = data.draw(st.sampled_from(sorted(self.live)))
        return device, self.live[device]

    def _expect_ended(self, device: int) -> None:
        if chain := self.live.pop(device, None):
            self.dead += [(token, device) for token in (*(token for token, _ in chain.used[-1:]), chain.current)]

    def _advance_chain(self, chain: Chain, successor: str) -> None:
        if successor != chain.current:
            chain.used.append((chain.current, self.ground.clock.now()))
            chain.current = successor

    def _session_of(self, token: str) -> UUID:
        return SignedRefreshTokens(self.ground.settings.digest()).read(token).session_id

    def _sign_in(self, device: int) -> Awaitable[Any]:
        return self.ground.identity.sessions.sign_in(
            actor=STRANGER, name=SignInName.email(self.email), password=PASSWORD, device_id=self.devices[device]
        )

    def _refresh(self, token: str, device: int) -> Awaitable[TokenPair]:
        return self.ground.identity.sessions.refresh_session(actor=STRANGER, refresh_token=token, device_id=self.devices[device])

    def _end(self, how: str, device: int, chain: Chain) -> Awaitable[Any]:
        sessions = self.ground.identity.sessions
        me = Actor(kind=ActorKind.USER, subject_id=str(self.user_id), session_id=chain.session_id)
        ways: dict[str, Callable[[], Awaitable[Any]]] = {
            "sign_out": lambda: sessions.sign_out(actor=me),
            "everywhere": lambda: sessions.sign_out_everywhere(actor=me, keep_current=False),
            "revoke_session": lambda: sessions.revoke_session(actor=me, session_id=chain.session_id),
            "revoke_device": lambda: self.ground.identity.devices.revoke_device(actor=me, device_id=self.devices[device]),
            "suspend": lambda: self._change("suspend_user"),
            "delete": lambda: self._change("delete_user"),
        }
        return ways[how]()

    def _change(self, operation: str) -> Awaitable[object]:
        admin = Actor(kind=ActorKind.USER, subject_id=str(uuid4()), roles=frozenset({"admin"}))
        change: Callable[..., Awaitable[object]] = getattr(self.ground.identity.users, operation)
        return change(actor=admin, user_id=self.user_id, reason=REASON)


@pytest.mark.clause("ASVS 7.4.1 race", "RFC 9700 4.14.2 retry", "ASVS 7.4.2")
async def test_no_ended_session_has_a_live_token_after_any_concurrent_requests(
    identity: Identity, database: Database, settings: IdentitySettings, clock: ControlledClock, fakes: Fakes
) -> None:
    fakes.attempts.limit = 1_000_000
    ground = Ground(identity, database, settings, clock, asyncio.get_running_loop())
    machine = type("Machine", (SessionMachine,), {"ground": ground})
    await asyncio.to_thread(run_machine, machine, examples=15, steps=20)
