"""A trail of any resource contains all that its users did, so reading it requires a reason, like a search."""

from typing import Final

import pytest

from compliance.domain.entry import Actor
from elcorp.compliance.v1.events_pb2 import AuditFact, AuditFactsRecorded
from kernel.ids import new_id
from services.compliance.tests.contract.api import Api
from services.compliance.tests.entries import entry, service, user
from services.compliance.tests.stored import published

WHY: Final = "complaint 4711"
WALLET, SESSION, RECOVERY, DEVICE, TRANSFER, RULE = (str(new_id()) for _ in range(6))
THINGS: Final = {"wallet": WALLET, "session": SESSION, "recovery": RECOVERY, "device": DEVICE, "transfer": TRANSFER}


async def live(api: Api, somebody: Actor) -> None:
    """Log that a user registers, signs in, asks for a recovery and pays."""
    whose = somebody.subject_id
    anonymous = Actor(kind="anonymous", subject_id="anonymous")
    await api.log(
        entry(producer="identity", resource_type="user", resource_id=whose, actor=anonymous),
        entry(producer="identity", resource_type="device", resource_id=DEVICE, actor=somebody),
        entry(producer="identity", resource_type="session", resource_id=SESSION, actor=anonymous, related_ids=(whose,)),
        entry(producer="identity", resource_type="recovery", resource_id=RECOVERY, actor=anonymous, related_ids=(whose,)),
        entry(resource_type="wallet", resource_id=WALLET, actor=service(), related_ids=(whose,)),
        entry(actor=somebody, resource_id=TRANSFER, related_ids=(WALLET,)),
    )


async def recorded(api: Api) -> list[AuditFact]:
    messages = [message for _, message in await published(api.database)]
    return [fact for message in messages if isinstance(message, AuditFactsRecorded) for fact in message.facts]


@pytest.mark.parametrize("thing", [*THINGS, "user"])
async def test_every_trail_of_another_user_requires_a_reason_and_records_them(api: Api, thing: str) -> None:
    somebody = user(session_id=SESSION)
    whose = somebody.subject_id
    await live(api, somebody)
    resource_id = THINGS.get(thing, whose)

    assert await api.refused("GET", f"/audit/trails/{resource_id}") == (422, "VAL_001")
    assert await recorded(api) == []

    trail = await api.get(f"/audit/trails/{resource_id}", reason=WHY)

    # The user's registration and their acts on other resources, as in their own trail.
    assert {"user", "session", "wallet", "recovery", "device"} <= {item["resource_type"] for item in trail["items"]}
    [fact] = await recorded(api)
    assert (fact.action, fact.resource_id, fact.reason) == ("compliance.trail.read", f"read/{resource_id}", WHY)
    assert list(fact.related_ids) == list(dict.fromkeys([resource_id, whose]))


async def test_a_trail_that_names_no_user_requires_a_reason_too(api: Api) -> None:
    # An entry that links the id to a user may reach the log later.
    await api.log(entry(resource_type="fee_rule", resource_id=RULE, actor=service(), related_ids=(str(new_id()),)))

    assert await api.refused("GET", f"/audit/trails/{RULE}") == (422, "VAL_001")
    await api.get(f"/audit/trails/{RULE}", reason=WHY)

    assert [(fact.reason, list(fact.related_ids)) for fact in await recorded(api)] == [(WHY, [RULE])]


@pytest.mark.parametrize("thing", [*THINGS, "user"])
async def test_the_callers_own_trail_requires_no_reason(api: Api, thing: str) -> None:
    await live(api, user(api.user_id, session_id=SESSION))

    trail = await api.get(f"/audit/trails/{THINGS.get(thing, api.user_id)}")

    assert "user" in {item["resource_type"] for item in trail["items"]}
    assert [related for fact in await recorded(api) for related in fact.related_ids] == [
        resource_id for name, resource_id in THINGS.items() if name == thing
    ]


@pytest.mark.parametrize("how", ["acted", "party", "party of a party", "read"])
async def test_a_trail_with_other_users_is_not_the_callers_own(api: Api, how: str) -> None:
    other, others_wallet = user(), str(new_id())
    await live(api, user(api.user_id, session_id=SESSION))
    await api.log(entry(producer="identity", resource_type="user", resource_id=other.subject_id, actor=service("identity")))
    await api.log(
        {
            "acted": entry(actor=other, resource_id=TRANSFER, action="payments.transfer.approve"),
            "party": entry(actor=service(), resource_id=TRANSFER, related_ids=(other.subject_id,)),
            "party of a party": entry(actor=service(), resource_id=TRANSFER, related_ids=(others_wallet,)),
            "read": entry(actor=other, resource_type="read", resource_id=f"read/{TRANSFER}", related_ids=(TRANSFER,)),
        }[how],
        entry(actor=service(), resource_type="wallet", resource_id=others_wallet, related_ids=(other.subject_id,)),
    )

    assert await api.refused("GET", f"/audit/trails/{TRANSFER}") == (422, "VAL_001")
    await api.get(f"/audit/trails/{TRANSFER}", reason=WHY)

    assert [(fact.reason, list(fact.related_ids)) for fact in await recorded(api)] == [(WHY, [TRANSFER, other.subject_id])]
