"""Compliance's answer to an erasure: which records are kept, and until when."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.stored import everything
from compliance import wiring
from compliance.application.audit.append_facts import AppendFacts
from compliance.application.erasures.acknowledge_erasure import AUDIT_LOG, LOG_BEHIND, AcknowledgeErasure
from compliance.domain.entry import AuditEntry
from compliance.domain.retention import RetentionRule, retain_until
from compliance.wiring import unit_of_work
from elcorp.compliance.v1 import events_pb2
from kernel.actor import Actor
from kernel.erasures import ErasureRequest
from kernel.errors import Unavailable
from kernel.ids import new_id
from services.compliance.tests.entries import entry, service, user
from services.compliance.tests.fakes.log_signer import Signer
from services.compliance.tests.stored import published

SERVICE = Actor.service("compliance")
ERASURE = new_id()


@pytest.fixture
def acknowledge(database: Database, clock: ControlledClock) -> AcknowledgeErasure:
    return wiring.use_cases(database=database, signer=Signer(), clock=clock).erasures.acknowledge_erasure


@pytest.fixture
def append(database: Database) -> AppendFacts:
    return AppendFacts(unit_of_work(database=database))


async def told(
    database: Database, clock: ControlledClock, user_id: UUID, until: datetime | None, rules: list[str], *, kept: list[str]
) -> None:
    """Compare everything that was published with the expected answer and fact, field by field."""
    answer = events_pb2.ErasureAcknowledged(
        erasure_id=str(ERASURE), user_id=str(user_id), kept=kept, retain_until=timestamp(until) if until else None
    )
    state = {"retain_until": until.isoformat() if until else None, "rules": rules}
    fact = events_pb2.AuditFact(
        producer="compliance",
        action="compliance.erasure.acknowledge",
        actor=events_pb2.AuditActor(kind="service", subject_id="compliance", request_id=SERVICE.request_id),
        resource_type="erasure",
        resource_id=str(ERASURE),
        occurred_at=timestamp(clock.now()),
        after=json.dumps(state, separators=(",", ":")),
        related_ids=[str(user_id)],
    )
    assert await published(database) == [
        (str(user_id), answer),
        (None, events_pb2.AuditFactsRecorded(facts=[fact])),
    ]


def timestamp(at: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(at.astimezone(UTC))
    return timestamp


async def ask(acknowledge: AcknowledgeErasure, clock: ControlledClock, user_id: UUID) -> datetime:
    requested_at = clock.now()
    clock.advance(seconds=LOG_BEHIND.total_seconds())
    await acknowledge(actor=SERVICE, request=ErasureRequest(erasure_id=ERASURE, user_id=user_id, requested_at=requested_at))
    return requested_at


def opened(wallet: str, owner: UUID) -> AuditEntry:
    action = "payments.wallet.open"
    return entry(actor=service(), action=action, resource_type="wallet", resource_id=wallet, related_ids=(str(owner),))


async def test_a_user_who_never_moved_money_can_be_erased_immediately(
    acknowledge: AcknowledgeErasure, append: AppendFacts, database: Database, clock: ControlledClock
) -> None:
    person, wallet = new_id(), str(new_id())
    await append(
        entries=[
            entry(actor=user(person), producer="identity", action="identity.user.sign_in", resource_type="session"),
            entry(
                actor=service(),
                action="payments.wallet.open",
                resource_type="wallet",
                resource_id=wallet,
                related_ids=(str(person),),
            ),
        ]
    )
    await ask(acknowledge, clock, person)
    await told(database, clock, person, None, [], kept=[AUDIT_LOG])


@pytest.mark.parametrize("receives", [False, True])
async def test_a_user_whose_money_moved_stays_identifiable_for_five_years(
    acknowledge: AcknowledgeErasure, append: AppendFacts, database: Database, clock: ControlledClock, *, receives: bool
) -> None:
    person, wallet = new_id(), str(new_id())
    await append(
        entries=[
            entry(
                actor=service(),
                action="payments.wallet.open",
                resource_type="wallet",
                resource_id=wallet,
                related_ids=(str(person),),
            ),
            entry(actor=user(new_id() if receives else person), related_ids=(wallet,)),
        ]
    )
    requested_at = await ask(acknowledge, clock, person)
    until = requested_at.replace(year=requested_at.year + 5)
    kept = [
        AUDIT_LOG,
        "identification: Financial Intelligence Act 13 of 2012, 5 years",
        "transactions: Financial Intelligence Act 13 of 2012, 5 years",
    ]
    await told(database, clock, person, until, ["identification", "transactions"], kept=kept)


@pytest.mark.parametrize("way", ["their own act", "named by its fact", "of a wallet they once named"])
async def test_any_link_from_a_transfer_to_a_user_keeps_them_identifiable(
    acknowledge: AcknowledgeErasure, append: AppendFacts, database: Database, clock: ControlledClock, way: str
) -> None:
    """The log may lack the opening of a wallet, so that only its renaming links it to the user."""
    person, wallet = new_id(), str(new_id())
    ties = {
        "their own act": [entry(actor=user(person))],
        "named by its fact": [entry(actor=service(), related_ids=(wallet, str(person)))],
        "of a wallet they once named": [
            entry(actor=user(person), action="payments.wallet.rename", resource_type="wallet", resource_id=wallet),
            entry(actor=service(), related_ids=(wallet,)),
        ],
    }
    await append(entries=ties[way])
    await ask(acknowledge, clock, person)
    answer = (await published(database))[0][1]
    assert isinstance(answer, events_pb2.ErasureAcknowledged)
    assert (len(answer.kept), answer.HasField("retain_until")) == (3, True)


async def test_transfers_of_others_and_facts_of_other_services_require_no_retention(
    acknowledge: AcknowledgeErasure, append: AppendFacts, database: Database, clock: ControlledClock
) -> None:
    person, wallet = new_id(), str(new_id())
    await append(
        entries=[
            opened(wallet, person),
            entry(actor=user(), related_ids=(str(new_id()),)),
            entry(actor=user(person), producer="governance", resource_type="transfer"),
            entry(actor=user(person), resource_type="fee_rule"),
        ]
    )
    await ask(acknowledge, clock, person)
    await told(database, clock, person, None, [], kept=[AUDIT_LOG])


async def test_a_recent_request_waits_for_the_log(
    acknowledge: AcknowledgeErasure, database: Database, clock: ControlledClock
) -> None:
    before = await everything(database)
    with pytest.raises(Unavailable):
        requested_at = clock.now() - LOG_BEHIND + timedelta(microseconds=1)
        request = ErasureRequest(erasure_id=ERASURE, user_id=new_id(), requested_at=requested_at)
        await acknowledge(actor=SERVICE, request=request)
    assert await everything(database) == before


def test_the_retention_date_is_never_a_day_too_early() -> None:
    five, seven = RetentionRule("a", 5, "x"), RetentionRule("b", 7, "y")
    leap = datetime(2028, 2, 29, 12, tzinfo=UTC)
    assert five.until(leap) == datetime(2033, 3, 1, 12, tzinfo=UTC)
    assert retain_until((five, seven), leap) == datetime(2035, 3, 1, 12, tzinfo=UTC)
    assert retain_until((), leap) is None


async def test_the_runtime_role_cannot_change_retention_rules(database: Database) -> None:
    async with database.session() as session:
        with pytest.raises(Exception, match="permission denied"):
            await session.execute(text("UPDATE retention_rules SET years = 0"))
