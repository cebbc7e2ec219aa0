"""Access rules of routes. Every route must declare one, or the app does not start."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Annotated, Final

from fastapi import Depends, Request, params

from chassis.auth.access_control import Scope
from chassis.auth.errors import InvalidToken, MissingToken
from chassis.rest.app_state import AppState
from chassis.rest.context import RequestContext
from kernel.actor import Actor
from kernel.assurance import NONE, Assurance
from kernel.errors import DomainError


@dataclass(frozen=True)
class Access(params.Depends):
    """A route's access rule, passed as a dependency; the route checks it before it reads the body."""

    permission: str | None = None
    # Permissions of which one is enough instead.
    alternatives: tuple[str, ...] = ()
    authenticated: bool = True
    of_session: bool = False
    within: Scope = Scope.PLATFORM

    @property
    def permissions(self) -> str:
        """The permissions, for people: "role:manage or policy:manage"; "" without one."""
        return " or ".join((self.permission, *self.alternatives)) if self.permission else ""


Public: Final = Access(authenticated=False)
Authenticated: Final = Access()
# On the caller's own sessions: also with a token that acted for an organization until the membership ended.
OfSession: Final = Access(of_session=True)


# Capitalized because it reads as a marker: dependencies=[Requires("payment:create")].
def Requires(permission: str, *alternatives: str, within: Scope = Scope.PLATFORM) -> Access:  # noqa: N802
    """Require a permission, such as "payment:create", or one of the alternatives.

    `within` says whether a role for one organization is enough.
    """
    return Access(permission=permission, alternatives=alternatives, within=within)


async def _current_actor(request: Request) -> Actor:
    actor = RequestContext.of(request.scope).actor
    if actor is None:
        raise RuntimeError("CurrentActor outside a chassis.rest.Router")
    return actor


CurrentActor = Annotated[Actor, Depends(_current_actor)]


async def _readmission(request: Request) -> Callable[[], Awaitable[Actor]]:
    context, app_state = RequestContext.of(request.scope), AppState.of(request.scope)

    async def readmit() -> Actor:
        return await _authenticate(context, app_state, strictly=False)

    return readmit


# Authenticates the caller again, with the present roles: for long-running responses. Raises AUTH_002 or AUTH_003.
Readmission = Annotated[Callable[[], Awaitable[Actor]], Depends(_readmission)]


async def admit(
    context: RequestContext,
    access: Access,
    app_state: AppState,
    *,
    assurance: Assurance = NONE,
    may_replay: bool = False,
    strictly: bool = False,
) -> Actor:
    """Authenticate and authorize; raises AUTH_002 to AUTH_005, ACC_001, or Unavailable.

    With `strictly`, all callers are refused while it is unknown which sessions have ended. With `may_replay`, an authenticated
    caller who is denied is returned with the refusal; the route raises it unless the request was answered before.
    """
    actor = _anonymous(context)
    if access.authenticated:
        actor = await _authenticate(context, app_state, strictly=strictly, of_session=access.of_session)
    context.actor = actor
    try:
        app_state.access_control.authorize(
            actor, access.permission, assurance, alternatives=access.alternatives, within=access.within
        )
    except DomainError as refusal:
        if not may_replay:
            raise
        context.actor = actor = replace(actor, refusal=refusal)
    return actor


def _anonymous(context: RequestContext) -> Actor:
    return Actor.anonymous(ip=context.ip, user_agent=context.user_agent, request_id=context.request_id)


async def _authenticate(context: RequestContext, app_state: AppState, *, strictly: bool, of_session: bool = False) -> Actor:
    header = context.authorization
    if not header:
        raise MissingToken
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise InvalidToken(reason="scheme")
    return await app_state.access_control.authenticate(
        token.strip(),
        ip=context.ip,
        user_agent=context.user_agent,
        request_id=context.request_id,
        strictly=strictly,
        of_session=of_session,
    )
