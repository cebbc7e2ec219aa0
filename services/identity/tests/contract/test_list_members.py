"""Identity's lists: every field of each member, the order, and the pages.

All times differ, and the oldest row is written last. So a wrong field or an unordered query cannot pass by chance.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from chassis.auth import TokenVerifier
from chassis.testing.clocks import ControlledClock
from kernel.wallet_addresses import address_text
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.authenticator import Authenticator
from services.identity.tests.contract.devices import Ed25519Device, b64, proof
from services.identity.tests.contract.passkeys import add_passkey, sign_in_with_passkey
from services.identity.tests.people import CODE

Members = list[dict[str, Any]]
FIRST, SECOND, THIRD = (str(UUID(int=number)) for number in (1, 2, 3))
FROM_HERE = {"address": "198.51.100.7", "program": f"python-httpx {httpx.__version__}"}


def minute(number: int, *, day: int = 21) -> str:
    return f"2026-03-{day}T08:0{number}:00Z"


async def signed_in(api: Api, clock: ControlledClock, *device_ids: str) -> list[dict[str, Any]]:
    """Sign in on each device, a minute apart, and return the tokens."""
    pairs = []
    for device_id in device_ids:
        pairs.append({**(await api.login(device_id=device_id)).json()["data"], "device_id": device_id})
        clock.advance(seconds=60)
    return pairs


async def sessions(api: Api, clock: ControlledClock, verifier: TokenVerifier) -> tuple[str, Members]:
    await api.register()
    first, second, here, replacing = await signed_in(api, clock, FIRST, SECOND, THIRD, SECOND)
    await api.refresh(first["refresh_token"], device_id=FIRST)
    claims = [await verifier.verify(pair["access_token"]) for pair in (replacing, here, second, first)]
    # The minutes of start and refresh, and when and why it ended.
    rest = [(3, None, None, None), (2, None, None, None), (1, None, 3, "replaced"), (0, 4, None, None)]
    members = [
        {
            "id": str(each.session_id),
            "user_id": each.subject_id,
            "device_id": each.device_id,
            "current": each.device_id == THIRD,
            "methods": ["pwd"],
            "started_at": minute(started),
            "refreshed_at": None if refreshed is None else minute(refreshed),
            "last_active_at": minute(started if refreshed is None else refreshed),
            "last_proof_at": minute(started),
            "started_from": FROM_HERE,
            "last_seen_from": FROM_HERE,
            "expires_at": minute(started, day=28),
            "ended_at": None if ended is None else minute(ended),
            "end_reason": reason,
            "organization_id": None,
        }
        for each, (started, refreshed, ended, reason) in zip(claims, rest, strict=True)
    ]
    return here["access_token"], members


async def devices(api: Api, clock: ControlledClock, verifier: TokenVerifier) -> tuple[str, Members]:
    await api.register()
    first, second, here = await signed_in(api, clock, FIRST, SECOND, THIRD)
    await api.patch(f"/devices/{FIRST}", {"name": "Telephone"}, token=here["access_token"])
    await api.delete(f"/devices/{SECOND}", token=here["access_token"])
    clock.advance(seconds=60)
    # A refresh shows that the device is in use; the order is by sign-in.
    await api.refresh(first["refresh_token"], device_id=FIRST)
    claims = {pair["device_id"]: await verifier.verify(pair["access_token"]) for pair in (first, second, here)}
    # No device is trusted any more; the fields stay for clients that read them.
    unread = {"trusted": False, "trusted_at": None}
    usual: Mapping[str, Any] = {"name": None, "current": False, "revoked_at": None, "last_seen_from": FROM_HERE, **unread}
    times: list[tuple[str, int, int, dict[str, Any]]] = [
        (THIRD, 2, 2, {"current": True}),
        (SECOND, 1, 1, {"revoked_at": minute(3)}),
        (FIRST, 0, 4, {"name": "Telephone"}),
    ]
    members = [
        {
            **usual,
            "id": device_id,
            "first_seen_at": minute(seen),
            "last_active_at": minute(active),
            "session_id": None if device_id == SECOND else str(claims[device_id].session_id),
            **rest,
        }
        for device_id, seen, active, rest in times
    ]
    return here["access_token"], members


async def device_keys(api: Api, clock: ControlledClock, verifier: TokenVerifier) -> tuple[str, Members]:
    await api.register()
    made: Members = []
    for pair in await signed_in(api, clock, FIRST, SECOND, THIRD):
        token = pair["access_token"]
        key, challenge = Ed25519Device(), (await api.post("/device-keys/challenges", token=token)).json()["data"]["challenge"]
        answer = (await api.post("/device-keys", proof(key, challenge), token=token)).json()["data"]
        member = {
            "id": answer["id"],
            "device_id": pair["device_id"],
            "algorithm": "Ed25519",
            "public_key": b64(key.public),
            "registered_at": f"2026-03-21T08:03:0{len(made)}Z",
            "revoked_at": None,
            "revoke_reason": None,
        }
        assert answer == member
        made.append(member)
        clock.advance(seconds=1)
    await api.delete(f"/device-keys/{made[0]['id']}", token=token)
    made[0] |= {"revoked_at": "2026-03-21T08:03:03Z", "revoke_reason": "asked"}
    return token, made[::-1]


async def wallet_addresses(api: Api, clock: ControlledClock, verifier: TokenVerifier) -> tuple[str, Members]:
    token = await api.signed_in()
    (first,) = (await api.get("/wallet-addresses", token=token)).json()["data"]["items"]
    addresses, currencies = [first["address"]], ["NAD", "ELC", "NAD"]
    for currency in currencies[1:]:
        clock.advance(seconds=60)
        answer = await api.post("/wallet-addresses", {"currency": currency, "label": f"For {currency}"}, token=token)
        addresses.append(answer.json()["data"]["address"])
    clock.advance(seconds=60)
    await api.delete(f"/wallet-addresses/{addresses[1]}", token=token)
    await api.patch(f"/wallet-addresses/{addresses[0]}", {"label": "Household"}, token=token)
    labels, retired = ["Household", "For ELC", "For NAD"], [None, minute(3), None]
    members = [
        {
            "address": address,
            "text": address_text(UUID(address)),
            "currency": currency,
            "label": label,
            "issued_at": minute(number),
            "retired_at": retired_at,
        }
        for number, (address, currency, label, retired_at) in enumerate(zip(addresses, currencies, labels, retired, strict=True))
    ]
    return token, members


async def users(api: Api, clock: ControlledClock, verifier: TokenVerifier) -> tuple[str, Members]:
    made = []
    for number in range(3):
        details = {"email": f"user{number}@example.na", "phone": f"+26481123456{number}", "full_name": f"User {'ABC'[number]}"}
        made.append({**details, **(await api.register(**details, username=f"member{number}")).json()["data"]})
        clock.advance(seconds=60)
    pair = (await api.login(email="user0@example.na")).json()["data"]
    clock.advance(seconds=60)
    code = (await api.post("/users/me/phone", {"phone": made[0]["phone"]}, token=pair["access_token"])).json()["data"]
    await api.verify(code["verification_id"], channel="phone", code=CODE)
    members = [
        {
            "id": each["id"],
            "username": f"member{number}",
            "full_name": each["full_name"],
            "email": each["email"],
            "phone": each["phone"],
            "organization": None,
            "status": "active",
            "wallet_address": each["wallet_address"],
            "registered_at": minute(number),
            "last_sign_in_at": None if number else minute(3),
            "email_verified_at": minute(number),
            "email_takes_mail": True,
            "phone_verified_at": None if number else minute(4),
        }
        for number, each in enumerate(made)
    ]
    return pair["access_token"], members[::-1]


Make = Callable[[Api, ControlledClock, TokenVerifier], Awaitable[tuple[str, Members]]]
LISTS: Final[Mapping[str, Make]] = {
    "/sessions": sessions,
    "/devices": devices,
    "/device-keys": device_keys,
    "/wallet-addresses": wallet_addresses,
    "/users": users,
}


@pytest.fixture(autouse=True)
def staff(fakes: Any) -> None:
    """Listing users requires staff; for the caller's own resources this makes no difference."""
    fakes.roles.roles = ("staff",)


@pytest.mark.parametrize("path", sorted(LISTS))
async def test_a_list_has_complete_members_in_order_and_in_pages(
    api: Api, clock: ControlledClock, verifier: TokenVerifier, path: str
) -> None:
    token, members = await LISTS[path](api, clock, verifier)
    # Another user's resources are not in the caller's list.
    if path != "/users":
        await api.signed_in(email="other@example.na", phone="+264811234569")
    assert len(members) >= 3
    pages = [members[:2], members[2:4], []]
    for number, items in enumerate(pages, start=1):
        why = "&reason=complaint+4711" if path == "/users" else ""
        listed = (await api.get(f"{path}?page={number}&per_page=2{why}", token=token)).json()["data"]
        assert listed == {"items": items, "page": number, "per_page": 2, "total": len(members)}


@pytest.mark.parametrize("path", ["/sessions", "/devices", "/wallet-addresses", "/users"])
async def test_a_member_reads_the_same_alone_and_in_its_list(
    api: Api, clock: ControlledClock, verifier: TokenVerifier, path: str
) -> None:
    token, members = await LISTS[path](api, clock, verifier)
    for member in members:
        alone = (await api.get(f"{path}/{member.get('id') or member['address']}", token=token)).json()["data"]
        assert alone == member


async def test_passkeys_are_listed_completely_oldest_first(api: Api, clock: ControlledClock) -> None:
    token = await api.signed_in()
    made = []
    for name, synchronized in (("Laptop", False), ("Telephone", True)):
        authenticator = Authenticator(synchronized=synchronized)
        answer = await add_passkey(api, token, authenticator, name=name)
        clock.advance(seconds=60)
        login = await sign_in_with_passkey(api, authenticator)
        token = login.json()["data"]["access_token"]
        made.append(answer.json()["data"])
    await api.patch(f"/auth/factors/passkeys/{made[0]['id']}", {"name": "Old laptop"}, token=token)
    usual = {"last_used_at": None, "flagged_at": None}
    assert made == [
        {"id": made[0]["id"], "name": "Laptop", "synchronized": False, "created_at": minute(0), **usual},
        {"id": made[1]["id"], "name": "Telephone", "synchronized": True, "created_at": minute(1), **usual},
    ]
    factors = (await api.get("/auth/factors", token=token)).json()["data"]
    first, second = {**made[0], "name": "Old laptop", "last_used_at": minute(1)}, {**made[1], "last_used_at": minute(2)}
    assert factors == {"totp_confirmed_at": None, "backup_codes_left": 0, "passkeys": [first, second]}
