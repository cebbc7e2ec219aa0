"""The audit facts and events of exports, erasures and messages, with every field."""

import base64
import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from chassis.auth import Claims, TokenVerifier
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from identity.application.erasures.carry_out_erasures import CarryOutErasures
from identity.application.messages.deliver_message import DeliverMessage
from identity.commands.master_key import rotation
from identity.domain.erasure import ASKED_AGAIN_AFTER, Acknowledgement
from identity.domain.message import Letter, Template, Undeliverable
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from kernel.actor import Actor
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.devices import Ed25519Device, register_key
from services.identity.tests.contract.outbox import IDENTITY, Whole, at_text, event, fact, recording, user
from services.identity.tests.stored import views_of

NEW_KEY = SecretStr(base64.b64encode(bytes(range(1, 33))).decode())


@pytest.fixture
async def token(api: Api) -> str:
    return await api.signed_in()


@pytest.fixture
async def claims(token: str, verifier: TokenVerifier) -> Claims:
    return await verifier.verify(token)


@pytest.fixture
def carry_out(identity: Identity, settings: IdentitySettings, database: Database, clock: ControlledClock) -> CarryOutErasures:
    return CarryOutErasures(unit_of_work(settings, database), views_of(database).erasures, clock)


async def test_facts_of_an_export(api: Api, database: Database, clock: ControlledClock, token: str, claims: Claims) -> None:
    async with recording(database) as record:
        await api.post(f"/users/{claims.subject_id}/data-export", token=token)
    rest: dict[str, Any] = {"by": user(claims), "at": clock.now(), "after": {"exported": True}}
    assert record.facts == [fact("identity.user.export", ("user", claims.subject_id), **rest)]


async def test_facts_of_an_erasure_request(
    api: Api, database: Database, clock: ControlledClock, token: str, claims: Claims
) -> None:
    key = (await register_key(api, token, Ed25519Device())).json()["data"]
    async with recording(database) as record:
        path, body = f"/users/{claims.subject_id}/erasure", {"reason": "consent_withdrawn"}
        erasure = (await api.post(path, body, token=token)).json()["data"]
    owner, by, at = claims.subject_id, user(claims), clock.now()
    state = {"generation": 1, "expires_at": (at + timedelta(days=7)).isoformat(), "methods": ["pwd"]}
    assert record.facts == [
        fact(
            "identity.session.end",
            ("session", claims.session_id),
            by=by,
            at=at,
            before={"live": True, **state},
            after={"live": False, **state},
            reason="erasure",
            related=[owner, claims.device_id],
        ),
        fact(
            "identity.device_key.revoke",
            ("device_key", key["id"]),
            by=by,
            at=at,
            before={"live": True},
            after={"live": False},
            reason="account_closed",
            related=[owner, claims.device_id],
        ),
        fact(
            "identity.erasure.request",
            ("erasure", erasure["id"]),
            by=by,
            at=at,
            before={"account": "active"},
            after={"account": "restricted"},
            reason="consent_withdrawn",
            related=[owner],
        ),
    ]
    asked = {"erasure_id": erasure["id"], "user_id": owner, "requested_at": at_text(at)}
    in_order = sorted(record.events, key=lambda each: str(each["type"]))
    assert in_order == [
        event(
            "identity.device_key.revoked",
            key["id"],
            at=at,
            key_id=key["id"],
            user_id=owner,
            device_id=claims.device_id,
            reason="account_closed",
        ),
        event("identity.erasure.requested", owner, at=at, **asked),
        event(
            "identity.session.ended",
            claims.session_id,
            at=at,
            session_id=str(claims.session_id),
            user_id=owner,
            tokens_valid_until=at_text(at + timedelta(minutes=15)),
            reason="erasure",
        ),
        event("identity.user.status_changed", owner, at=at, user_id=owner, status="restricted", reason="erasure", version="2"),
    ]


async def test_facts_of_an_erasure_in_progress(
    api: Api,
    identity: Identity,
    database: Database,
    clock: ControlledClock,
    token: str,
    claims: Claims,
    carry_out: CarryOutErasures,
) -> None:
    owner, requested_at = claims.subject_id, clock.now()
    erasure_id = (await api.post(f"/users/{owner}/erasure", {}, token=token)).json()["data"]["id"]
    clock.advance(seconds=ASKED_AGAIN_AFTER.total_seconds())
    until = clock.now() + timedelta(days=1)
    async with database.read() as connection:
        wrapped = (await connection.execute(text("SELECT wrapped FROM subject_keys"))).scalar_one()

    async def answer(context: str) -> None:
        retain_until = until if context == "compliance" else None
        acknowledgement = Acknowledgement(clock.now(), ("something",), retain_until)
        for _ in range(2):
            await identity.erasures.acknowledge_erasure(
                erasure_id=UUID(erasure_id), context=context, acknowledgement=acknowledgement
            )

    async with recording(database) as record:
        await answer("payments")
        await carry_out()
        await answer("governance")
        await answer("compliance")
    asked_again_at = clock.now()
    rest: dict[str, Any] = {"by": IDENTITY, "at": asked_again_at, "related": [owner]}

    def about(action: str, **more: Any) -> Whole:
        return fact(action, ("erasure", erasure_id), **more, **rest)

    waiting = {"status": "requested", "restricted_until": None}
    restricted = {"status": "restricted", "restricted_until": until.isoformat()}
    assert record.facts == [
        about("identity.erasure.acknowledge", after={"context": "payments", **waiting}),
        about("identity.erasure.ask_again", after={"answered": ["payments"]}),
        about("identity.erasure.acknowledge", after={"context": "governance", **waiting}),
        about("identity.erasure.acknowledge", after={"context": "compliance", **restricted}),
    ]
    asked = {"erasure_id": erasure_id, "user_id": owner, "requested_at": at_text(requested_at)}
    assert record.events == [event("identity.erasure.requested", owner, at=asked_again_at, **asked)]
    clock.advance(days=1)
    async with recording(database) as record:
        assert await carry_out() == 1
    after = {"account": "erased", "destroyed_key_sha256": hashlib.sha256(wrapped).hexdigest()}
    rest["at"] = clock.now()
    states: dict[str, Any] = {"before": {"account": "restricted"}, "after": after}
    assert record.facts == [fact("identity.user.erase", ("erasure", erasure_id), **states, **rest)]
    body = {"user_id": owner, "status": "erased", "reason": "erasure", "version": "3"}
    assert record.events == [event("identity.user.status_changed", owner, at=clock.now(), **body)]


async def test_facts_of_wrapped_keys(api: Api, database: Database, settings: IdentitySettings, clock: ControlledClock) -> None:
    await api.register()
    keys = {"master_key": NEW_KEY, "other_master_key": settings.master_key, "digest_key": settings.master_key}
    async with recording(database) as record:
        assert await rotation(settings.model_copy(update=keys), database, clock)() == 3
    resource = ("master_key", "current")
    rest: dict[str, Any] = {"by": IDENTITY, "at": clock.now()}
    assert record.facts == [
        fact("identity.master_key.rewrap", resource, after={"rewrapped": count, "what": what}, **rest)
        for count, what in ((2, "signing and receipt keys"), (1, "subject keys"))
    ]


class FixedTransport:
    """Accepts a message, or refuses it permanently."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses

    async def deliver(self, letter: Letter) -> None:
        if self.refuses:
            raise Undeliverable(letter.id)


@pytest.mark.parametrize(
    ("template", "post", "action", "status"),
    [
        (Template.VERIFY_EMAIL, FixedTransport(), "identity.message.deliver", "delivered"),
        (Template.VERIFY_PHONE, FixedTransport(refuses=True), "identity.message.fail", "failed"),
        (Template.DECOY, FixedTransport(refuses=True), "identity.message.drop", "dropped"),
    ],
)
async def test_facts_of_messages(
    identity: Identity,
    settings: IdentitySettings,
    database: Database,
    clock: ControlledClock,
    template: Template,
    post: FixedTransport,
    action: str,
    status: str,
) -> None:
    user_id, uow = uuid4(), unit_of_work(settings, database)
    async with uow.begin(Actor.service("identity"), audited=False) as tx:
        await tx.messages.send(user_id, template, to="anna@example.na", code="1")
    async with database.read() as connection:
        message_id = (await connection.execute(text("SELECT id FROM messages"))).scalar_one()
    async with recording(database) as record:
        for _ in range(2):
            await DeliverMessage(uow, views_of(database).messages, post, clock)(message_id=message_id)
    after = {"status": status, "template": template.value, "channel": template.channel.value}
    states: dict[str, Any] = {"before": {"status": "waiting"}, "after": after}
    rest: dict[str, Any] = {"by": IDENTITY, "at": clock.now(), "related": [user_id]}
    assert record.facts == [fact(action, ("message", message_id), **states, **rest)]
