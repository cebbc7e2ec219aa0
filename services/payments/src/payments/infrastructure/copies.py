"""The copies of standings (identity) and of roles (governance) in payments' own database."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import grpc.aio
from sqlalchemy import Row, TextClause, text

from chassis.persistence.database import Database
from chassis.persistence.delivery import Delivery
from chassis.projections.copied_rows import CopiedRow, CopyTable
from chassis.projections.follower import Projection
from chassis.projections.positions import page_at
from chassis.projections.state_table import FRESH
from elcorp.governance.v1 import events_pb2 as governance_events_pb2
from elcorp.governance.v1 import governance_pb2, governance_pb2_grpc
from elcorp.identity.v1 import events_pb2, identity_pb2, identity_pb2_grpc
from kernel.feeds import FEED_PAGE_MAX, FeedPage
from payments.application.ports.payer_rights import Roles
from payments.domain.standing import Standing
from payments.infrastructure.peer_errors import errors_as_unavailable

STANDINGS: Final = "standings"
GRANTS: Final = "grants"
STANDING_ROWS: Final = CopyTable("user_standings", key="user_id", columns=("standing",))
_FRESH_STANDINGS: Final = text(f"SELECT user_id, standing FROM user_standings WHERE user_id = ANY(:user_ids) AND {FRESH}")  # noqa: S608
GRANT_ROWS: Final = CopyTable("user_grants", key="user_id", columns=("roles",))
_FRESH_GRANTS: Final = text(f"SELECT user_id, roles FROM user_grants WHERE user_id = ANY(:user_ids) AND {FRESH}")  # noqa: S608
_STANDING_OF: Final = {"active": Standing.ACTIVE, "suspended": Standing.SUSPENDED}


def standing_of(status: str) -> Standing:
    """Read identity's status. One that this release does not know may not act."""
    return _STANDING_OF.get(status, Standing.CLOSED)


def copy_standing(projection: Projection) -> Callable[[Delivery[events_pb2.UserStatusChanged]], Awaitable[None]]:
    """Return the handler that brings identity's events into the copy."""

    async def on_user_status_changed(delivery: Delivery[events_pb2.UserStatusChanged]) -> None:
        message = delivery.message
        await projection.apply(delivery, _standing_row(message.user_id, message.status, message.version))

    return on_user_status_changed


def _standing_row(user_id: str, status: str, version: int) -> CopiedRow:
    return CopiedRow(UUID(user_id), version, {"standing": standing_of(status).value})


class StandingFeed:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: identity_pb2_grpc.IdentityServiceAsyncStub = identity_pb2_grpc.IdentityServiceStub(channel)

    async def page(self, cursor: str) -> FeedPage[CopiedRow]:
        with errors_as_unavailable("identity"):
            request = identity_pb2.ListStandingsRequest(cursor=cursor, limit=FEED_PAGE_MAX)
            response = await self._stub.ListStandings(request)
        rows = [_standing_row(each.user_id, each.status, each.version) for each in response.standings]
        return page_at(response.position, rows)


def standing_projection(database: Database, identity: grpc.aio.Channel, *, seconds_max: float) -> Projection:
    return Projection(database, STANDINGS, STANDING_ROWS, StandingFeed(identity), seconds_max=seconds_max)


def copy_grants(projection: Projection) -> Callable[[Delivery[governance_events_pb2.SubjectRolesChanged]], Awaitable[None]]:
    """Return the handler that brings governance's events into the copy."""

    async def on_subject_roles_changed(delivery: Delivery[governance_events_pb2.SubjectRolesChanged]) -> None:
        message = delivery.message
        await projection.apply(delivery, _grant_row(message.subject_id, message.roles, message.version))

    return on_subject_roles_changed


def _grant_row(subject_id: str, roles: Iterable[str], version: int) -> CopiedRow:
    return CopiedRow(UUID(subject_id), version, {"roles": list(roles)})


class GrantFeed:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: governance_pb2_grpc.RoleServiceAsyncStub = governance_pb2_grpc.RoleServiceStub(channel)

    async def page(self, cursor: str) -> FeedPage[CopiedRow]:
        with errors_as_unavailable("governance"):
            request = governance_pb2.ListGrantsRequest(cursor=cursor, limit=FEED_PAGE_MAX)
            response = await self._stub.ListGrants(request)
        return page_at(response.position, [_grant_row(each.subject_id, each.roles, each.version) for each in response.subjects])


def grant_projection(database: Database, governance: grpc.aio.Channel, *, seconds_max: float) -> Projection:
    return Projection(database, GRANTS, GRANT_ROWS, GrantFeed(governance), seconds_max=seconds_max)


class Copies:
    """What the copies say about users. Empty while a copy may lack a change from before `seconds_max` ago."""

    def __init__(self, database: Database, *, seconds_max: float) -> None:
        self._database = database
        self._seconds_max = seconds_max

    async def standings(self, user_ids: Collection[UUID]) -> Mapping[UUID, Standing]:
        rows = await self._rows(_FRESH_STANDINGS, STANDINGS, user_ids)
        return {row.user_id: Standing(row.standing) for row in rows}

    async def roles(self, user_ids: Collection[UUID]) -> Mapping[UUID, Roles]:
        return {row.user_id: frozenset(row.roles) for row in await self._rows(_FRESH_GRANTS, GRANTS, user_ids)}

    async def _rows(self, query: TextClause, projection: str, user_ids: Collection[UUID]) -> Sequence[Row[Any]]:
        parameters = {"user_ids": list(user_ids), "projection": projection, "seconds_max": self._seconds_max}
        async with self._database.read() as connection:
            return (await connection.execute(query, parameters)).all()
