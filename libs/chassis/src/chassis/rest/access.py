"""Who may call a route. Every route says so, or the app does not start."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Depends, Request, params

from chassis.auth.errors import InvalidToken, MissingToken
from chassis.rest.context import RequestContext
from kernel.actor import Actor, ActorKind

if TYPE_CHECKING:
    from chassis.rest.entrance import Entrance


@dataclass(frozen=True)
class Access(params.Depends):
    """A route's access rule, given among its dependencies; the route checks it before it reads the body."""

    permission: str | None = None
    authenticated: bool = True


Public: Final = Access(authenticated=False)
Authenticated: Final = Access()


def Requires(permission: str) -> Access:  # noqa: N802  # reads as a marker: dependencies=[Requires("payment:create")]
    """Demand a permission, such as "payment:create", on no thing in particular; use cases ask about things."""
    return Access(permission=permission)


async def _current_actor(request: Request) -> Actor:
    actor = RequestContext.of(request.scope).actor
    if actor is None:
        raise RuntimeError("CurrentActor outside a chassis.rest.Router")
    return actor


CurrentActor = Annotated[Actor, Depends(_current_actor)]


async def admit(context: RequestContext, access: Access, entrance: "Entrance") -> Actor:
    """Authenticate and authorize; raises AUTH_002 to AUTH_004, ACC_001, or Unavailable."""
    actor = await _authenticate(context, entrance) if access.authenticated else _anonymous(context)
    context.actor = actor
    if access.permission:
        entrance.policies.require(actor, access.permission)
    return actor


def _anonymous(context: RequestContext) -> Actor:
    return Actor.anonymous(ip=context.ip, user_agent=context.user_agent, request_id=context.request_id)


async def _authenticate(context: RequestContext, entrance: "Entrance") -> Actor:
    header = context.authorization
    if not header:
        raise MissingToken
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise InvalidToken(reason="scheme")
    claims = await entrance.verifier.verify(token.strip())
    return Actor(
        kind=ActorKind.USER,
        subject_id=claims.subject_id,
        roles=entrance.subject_roles.effective(claims),
        session_id=claims.session_id,
        device_id=claims.device_id,
        ip=context.ip,
        user_agent=context.user_agent,
        request_id=context.request_id,
        authenticated_at=claims.authenticated_at,
        methods=claims.methods,
    )
