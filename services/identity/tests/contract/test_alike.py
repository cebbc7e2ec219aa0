"""Responses about known and unknown accounts take the same work.

Compare work, not time: the same statements in the same order, and as many hashes. Equal work takes equal time.
"""

import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from sqlalchemy import event, text

from chassis.persistence.database import Database
from identity.infrastructure.passwords import Argon2Passwords
from services.identity.tests.contract.api import DETAILS, Api
from services.identity.tests.fakes import Fakes

OTHER = {"email": "selma@example.na", "phone": "+264811234561"}
WRONG = "Wrong-Sunrise-47!"


@dataclass
class Work:
    statements: list[str] = field(default_factory=list)
    hashes: int = 0


@pytest.fixture
def work(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    """Yield a context manager that measures the work done in it."""
    done = Work()
    run = Argon2Passwords._run  # every hash calls this

    def note(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        # The relay's wake-up runs in the background, once for many transactions.
        if "pg_notify" not in statement:
            done.statements.append(re.sub(r"\s+", " ", statement))

    async def count(self: Argon2Passwords, operation: str, call: Callable[[], Any]) -> Any:
        done.hashes += 1
        return await run(self, operation, call)

    @contextmanager
    def watched() -> Iterator[Work]:
        done.statements, done.hashes = [], 0
        now = Work()
        yield now
        now.statements, now.hashes = done.statements, done.hashes

    monkeypatch.setattr(Argon2Passwords, "_run", count)
    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    yield watched
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)


async def compare(work: Callable[[], Any], asks: dict[str, Callable[[], Awaitable[httpx.Response]]]) -> None:
    """Run every request and require the same response and the same work from all."""
    first: tuple[int, Any, Work] | None = None
    for name, ask in asks.items():
        with work() as done:
            answer = await ask()
        body = answer.json()
        outcome = body.get("error", sorted(body.get("data") or {}))
        assert done.statements, name
        first = first or (answer.status_code, outcome, done)
        assert (answer.status_code, outcome) == first[:2], name
        assert done.statements == first[2].statements, name
        assert done.hashes == first[2].hashes, name


@pytest.fixture
async def closed(api: Api, fakes: Fakes) -> str:
    """A registered user, and the address of a suspended one."""
    await api.register()
    suspended = (await api.register(email="closed@example.na", phone="+264811234563")).json()["data"]["id"]
    fakes.roles.roles = ("admin",)
    admin = await api.signed_in(email="admin@example.na", phone="+264811234562")
    await api.post(f"/users/{suspended}/suspend", {"reason": "Under investigation"}, token=admin)
    fakes.roles.roles = ("user",)
    return "closed@example.na"


@pytest.mark.clause("ASVS 6.3.8")
async def test_signing_in_takes_the_same_work_for_known_and_unknown_users(api: Api, closed: str, work: Callable[[], Any]) -> None:
    token = "eld_" + "A" * 43
    for device in ({}, {"device_token": token}):
        await compare(
            work,
            {
                "unknown": lambda device=device: api.login(email="nobody@example.na", **device),  # type: ignore[misc]
                "wrong": lambda device=device: api.login(password=WRONG, **device),  # type: ignore[misc]
                "closed": lambda device=device: api.login(email=closed, **device),  # type: ignore[misc]
            },
        )


@pytest.mark.clause("ASVS 6.3.8")
async def test_requesting_a_reset_takes_the_same_work_for_known_and_unknown_users(
    api: Api, closed: str, work: Callable[[], Any]
) -> None:
    def ask(email: str) -> Callable[[], Awaitable[httpx.Response]]:
        return lambda: api.post("/auth/password-reset", {"email": email})

    many = {f"known {number}": ask(str(DETAILS["email"])) for number in range(7)}
    await compare(work, {**many, "unknown": ask("nobody@example.na"), "closed": ask(closed)})


@pytest.mark.clause("ASVS 6.3.8")
async def test_registering_takes_the_same_work_for_free_and_taken_details(api: Api, work: Callable[[], Any]) -> None:
    await api.register(username="ndapewa")
    await compare(
        work,
        {
            "free": lambda: api.request_registration(**OTHER, username="selma"),
            "e-mail taken": lambda: api.request_registration(phone=OTHER["phone"], username="selma2"),
            "number taken": lambda: api.request_registration(email="anna@example.na", username="selma3"),
            "name taken": lambda: api.request_registration(email="frieda@example.na", phone="+264811234564", username="ndapewa"),
        },
    )


@pytest.mark.clause("ASVS 6.3.8")
async def test_changing_an_address_and_resending_its_code_take_the_same_work_for_free_and_taken_ones(
    api: Api, work: Callable[[], Any]
) -> None:
    await api.register(**OTHER)
    token, sent = await api.signed_in(), []

    async def change(email: str) -> httpx.Response:
        answer = await api.post("/users/me/email", {"email": email}, token=token)
        sent.append(answer.json()["data"]["verification_id"])
        return answer

    await compare(work, {"free": lambda: change("new@example.na"), "taken": lambda: change(OTHER["email"])})
    await compare(
        work,
        {
            name: lambda number=number: api.post("/auth/verify-email/resend", {"verification_id": sent[number]})  # type: ignore[misc]
            for number, name in enumerate(("free", "taken"))
        },
    )


async def test_notices_of_clashes_do_not_flood_a_mailbox(api: Api, database: Database) -> None:
    await api.register()
    for _ in range(8):
        assert (await api.request_registration()).status_code == 202
    async with database.read() as connection:
        query = text("SELECT count(*) FROM messages WHERE template = 'already_registered'")
        outcome = (await connection.execute(query)).scalar_one()
    # The code of the registration itself was the first of five.
    assert outcome == 4


async def test_a_message_for_an_unknown_address_is_not_addressed_to_it(api: Api, database: Database) -> None:
    await api.post("/auth/password-reset", {"email": "nobody@example.na"})
    async with database.read() as connection:
        rows = (await connection.execute(text("SELECT template, position('nobody'::bytea IN sealed) FROM messages"))).all()
    assert [tuple(row) for row in rows] == [("nobody", 0)]
