"""Passkeys, as clients add them, sign in with them and step up with them."""

from collections.abc import Mapping
from typing import Any

import httpx

from services.identity.tests.contract.api import Api
from services.identity.tests.contract.authenticator import Authenticator

REGISTER = "/auth/factors/passkeys/options"
SIGN_IN = "/auth/passkeys/options"
STEP_UP = "/auth/step-up/options"

Ceremony = Mapping[str, Any]


async def begin(api: Api, path: str, token: str | None = None) -> Ceremony:
    """Get the challenge of a ceremony."""
    begun = await api.post(path, token=token)
    assert begun.status_code == 200, begun.text
    data: Ceremony = begun.json()["data"]
    return data


def created(ceremony: Ceremony, authenticator: Authenticator, **changes: Any) -> dict[str, Any]:
    """Make the body that adds a passkey."""
    credential = authenticator.create(ceremony["options"])
    return {"ceremony_id": ceremony["ceremony_id"], "name": "Work laptop", "credential": credential, **changes}


def answer_challenge(ceremony: Ceremony, authenticator: Authenticator) -> dict[str, Any]:
    """Answer a challenge with a passkey."""
    return {"ceremony_id": ceremony["ceremony_id"], "credential": authenticator.get(ceremony["options"])}


async def add_passkey(
    api: Api,
    token: str,
    authenticator: Authenticator,
    *,
    ceremony: Ceremony | None = None,
    end_other_sessions: bool = True,
    **changes: Any,
) -> httpx.Response:
    body = created(ceremony or await begin(api, REGISTER, token), authenticator, **changes)
    query = "" if end_other_sessions else "?end_other_sessions=false"
    return await api.post(f"/auth/factors/passkeys{query}", body, token=token)


async def sign_in_with_passkey(
    api: Api, authenticator: Authenticator, *, ceremony: Ceremony | None = None, device_id: object = None
) -> httpx.Response:
    body = answer_challenge(ceremony or await begin(api, SIGN_IN), authenticator)
    return await api.post("/auth/passkeys/login", {**body, "device_id": str(device_id or api.device_id)})


async def step_up_with_passkey(
    api: Api, token: str, authenticator: Authenticator, *, ceremony: Ceremony | None = None
) -> httpx.Response:
    passkey = answer_challenge(ceremony or await begin(api, STEP_UP, token), authenticator)
    return await api.post("/auth/step-up", {"passkey": passkey}, token=token)
