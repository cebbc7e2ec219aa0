"""Idempotency-Key over HTTP: the same request again gets the same answer, and its effect happens once."""

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, Literal, TypeAlias

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

# True: kept by the route; "own": the use case keeps its key for itself; False: the route takes none.
Idempotency: TypeAlias = Literal["own"] | bool

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
        description="Makes the request repeatable: the same key and body get the first answer again",
    ),
]


class InvalidIdempotencyKey(InvalidValue):
    """Idempotency-Key takes 1 to 255 visible ASCII characters, and none of the beginnings that are reserved."""


class RepeatedIdempotencyKey(InvalidValue):
    """Only one Idempotency-Key may be given."""


def require_one_key(request: Request) -> None:
    """Refuse a request with two keys: which of them it repeats, nobody could say."""
    if len(request.headers.getlist(KEY_HEADER)) > 1:
        raise RepeatedIdempotencyKey(field=KEY_HEADER)


class IdempotencyStore:
    """Keeps answers in the service's own database, with the effects that they report.

    Bodies may hold what a fast hash would give away to guessing (a password): `master_key`, where the service has one,
    keys the hash. `own` tells of the keys that the service's use cases keep for themselves.
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

    def scope_of(self, request: Request, route_path: str, actor: Actor, body: bytes) -> IdempotencyScope | None:
        """Make the scope that a request's key asks for; None without a key."""
        key = request.headers.get(KEY_HEADER)
        if key is None:
            return None
        if not _KEY.fullmatch(key):
            raise InvalidIdempotencyKey(field=KEY_HEADER)
        if self._own and key.startswith(self._own.reserved):
            raise InvalidIdempotencyKey(field=KEY_HEADER, expected=f"no key that begins with {', '.join(self._own.reserved)}")
        # An anonymous caller has no name, and an address changes between a request and its retry: the route stands in.
        anonymous = actor.kind is ActorKind.ANONYMOUS
        owner = f"anonymous:{request.method} {route_path}" if anonymous else f"{actor.kind}:{actor.subject_id}"
        return IdempotencyScope(owner, key, self._hash(request, body), self._own)

    async def run(self, scope: IdempotencyScope, context: RequestContext, call: Callable[[], Awaitable[Response]]) -> Response:
        """Answer from the store, or run the call with its commit held back until the answer can be stored with it."""
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
            # The use case had finished its transaction and refused all the same: a failed sign-in that is counted, say.
            # It holds as it would without a key, which it does not burn.
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
            raise TypeError("a streamed answer cannot be kept: declare the route with idempotency=False")
        pending, scope.pending = scope.pending, None
        if response.status_code >= _FAILURE:
            await pending.rollback()
            return
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        answer = StoredAnswer(scope.request_hash, response.status_code, bytes(response.body), headers)

        async def store(session: AsyncSession) -> None:
            await scope.store(session, answer, headers_json=orjson.dumps(headers).decode(), at=self._clock.now())

        await pending.commit(store)

    def _hash(self, request: Request, body: bytes) -> bytes:
        digest = hmac.new(self._hash_key, digestmod=hashlib.sha256)
        for part in (request.method.encode(), request.url.path.encode(), request.url.query.encode(), _canonical(body)):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
        return digest.digest()


def _canonical(body: bytes) -> bytes:
    """Return the JSON with its keys sorted and its spaces gone, so that a client may serialize anew."""
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
    """Say that the answer is an earlier one; for routes that keep their own key."""
    response.headers[_REPLAYED] = "true"


async def replay_only(refusal: DomainError, call: Callable[[], Awaitable[Response]]) -> Response:
    """Repeat an earlier answer to a caller to whom access is refused now; raise the refusal in place of anything else.

    The call must change nothing: the store has it raise the refusal, and own routes find it with their actor.
    """
    try:
        response = await call()
    except (DomainError, RequestValidationError):
        raise refusal from None
    if _REPLAYED not in response.headers:
        raise refusal
    return response
