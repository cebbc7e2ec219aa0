"""Idempotency-Key over HTTP: a repeated request gets the first response, and its effect happens once."""

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, Literal, TypeAlias
from uuid import UUID

import orjson
from fastapi import Header, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.crypto.keys import derive
from chassis.persistence.database import Database
from chassis.persistence.idempotency_scope import IdempotencyScope, OwnKeys, Replay, StoredAnswer, current_scope
from chassis.rest.context import RequestContext
from kernel.actor import Actor, ActorKind
from kernel.clock import Clock, SystemClock
from kernel.errors import DomainError, InvalidValue

# True: the route stores the key; "steps": so it does, and the use case takes several transactions; "own": the use case stores it;
# False: the route ignores it.
Idempotency: TypeAlias = Literal["own", "steps"] | bool

KEY_HEADER: Final = "Idempotency-Key"
_KEY_PATTERN: Final = r"^[\x21-\x7e]{1,255}$"
_KEY: Final = re.compile(_KEY_PATTERN)
_KEPT_HEADERS: Final = ("content-type", "etag", "location", "link")
_FAILURE: Final = 500
_REPLAYED: Final = "idempotency-replayed"

IdempotencyKey = Annotated[
    str,
    Header(
        alias=KEY_HEADER,
        pattern=_KEY_PATTERN,
        examples=["6f1c2b1e-2d9b-4a51-8f0e-0b7a9d7f3c11"],
        description="Makes the request safe to repeat: the same key and body get the first response again",
    ),
]


class InvalidIdempotencyKey(InvalidValue):
    """Idempotency-Key must be 1 to 255 visible ASCII characters, without a reserved prefix."""


class RepeatedIdempotencyKey(InvalidValue):
    """Send only one Idempotency-Key."""


def require_one_key(request: Request) -> None:
    """Refuse a request with two keys: it is unknown which of them it repeats."""
    if len(request.headers.getlist(KEY_HEADER)) > 1:
        raise RepeatedIdempotencyKey(field=KEY_HEADER)


class IdempotencyStore:
    """Stores responses in the service's database, in the transaction of their effects.

    Bodies may contain a password, which could be guessed from a fast hash: so the hash is keyed with `master_key`, if the
    service has one. `own` describes the keys that the service's use cases store themselves.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock | None = None,
        *,
        master_key: bytes | None = None,
        own: OwnKeys | None = None,
    ) -> None:
        self._database = database
        self._own = own
        self._clock = clock or SystemClock()
        self._hash_key = derive(master_key, "idempotency") if master_key else b""

    def scope_of(
        self, request: Request, route_path: str, actor: Actor, body: bytes, *, has_steps: bool = False
    ) -> IdempotencyScope | None:
        """Return the scope of a request's key, None without a key."""
        key = request.headers.get(KEY_HEADER)
        if key is None:
            return None
        if not _KEY.fullmatch(key):
            raise InvalidIdempotencyKey(field=KEY_HEADER)
        if self._own and key.startswith(self._own.reserved):
            expected = f"a key that does not begin with {', '.join(self._own.reserved)}"
            raise InvalidIdempotencyKey(field=KEY_HEADER, expected=expected)
        # An anonymous caller has no id, and an address can change before a retry, so the route is the owner.
        anonymous = actor.kind is ActorKind.ANONYMOUS
        owner = f"anonymous:{request.method} {route_path}" if anonymous else f"{actor.kind}:{actor.subject_id}"
        return IdempotencyScope(owner, key, self._hash(request, body, actor.organization_id), self._own, has_steps)

    async def run(self, scope: IdempotencyScope, context: RequestContext, call: Callable[[], Awaitable[Response]]) -> Response:
        """Return the stored response, or run the call and commit its transaction together with the response."""
        token = current_scope.set(scope)
        try:
            async with self._database.read() as connection:
                await scope.look_up(connection)
            response = await call()
            await self._commit(scope, response)
        except Replay as replay:
            context.replayed = True
            return _replayed(replay.answer)
        except DomainError:
            # The use case finished its transaction and then raised, for example to count a failed sign-in. Commit as without a
            # key, and do not use up the key.
            if scope.pending:
                await scope.pending.commit()
            raise
        except BaseException:
            if scope.pending:
                await scope.pending.rollback()
            raise
        finally:
            current_scope.reset(token)
        return response

    async def _commit(self, scope: IdempotencyScope, response: Response) -> None:
        if scope.pending is None:
            return
        if not hasattr(response, "body"):
            raise TypeError("a streamed response cannot be stored: declare the route with idempotency=False")
        pending, scope.pending = scope.pending, None
        if response.status_code >= _FAILURE:
            await pending.rollback()
            return
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        answer = StoredAnswer(scope.request_hash, response.status_code, bytes(response.body), headers)

        async def store(session: AsyncSession) -> None:
            await scope.store(session, answer, headers_json=orjson.dumps(headers).decode(), at=self._clock.now())

        await pending.commit(store)

    def _hash(self, request: Request, body: bytes, organization_id: UUID | None) -> bytes:
        digest = hmac.new(self._hash_key, digestmod=hashlib.sha256)
        parts = [request.method.encode(), request.url.path.encode(), request.url.query.encode(), _canonical(body)]
        if organization_id:
            # For another organization it is another request, with an answer of its own.
            parts.append(organization_id.bytes)
        for part in parts:
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
        return digest.digest()


def _canonical(body: bytes) -> bytes:
    """Return the JSON with sorted keys and without spaces, so that a client may serialize it again."""
    try:
        value: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _replayed(answer: StoredAnswer) -> Response:
    response = Response(answer.body, answer.status)
    for name, value in answer.headers.items():
        response.headers[name] = value
    mark_replayed(response)
    return response


def mark_replayed(response: Response) -> None:
    """Mark the response as a replay; for routes whose use case stores the key."""
    response.headers[_REPLAYED] = "true"


async def replay_only(refusal: DomainError, call: Callable[[], Awaitable[Response]]) -> Response:
    """Replay an earlier response to a caller who is now refused access; raise the refusal if there is none.

    The call must change nothing: the store makes it raise the refusal, and use cases that store their keys get it with the
    actor.
    """
    try:
        response = await call()
    except (DomainError, RequestValidationError):
        raise refusal from None
    if _REPLAYED not in response.headers:
        raise refusal
    return response
