"""Routes for teams."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from chassis.rest import (
    REASON,
    Authenticated,
    CurrentActor,
    Envelope,
    IfMatch,
    PageOf,
    Paging,
    Router,
    envelope,
    page_of,
    set_etag,
)
from governance.interfaces.rest.dependencies import REASON_LENGTH_MAX, App
from governance.interfaces.rest.schemas.teams import (
    CreateTeamRequest,
    RenameTeamRequest,
    TeamMemberResponse,
    TeamResponse,
)
from kernel.assurance import RECENT
from kernel.errors import VersionRequired
from kernel.reads import NOBODY, OTHERS, OWN

teams = Router("", tags=["organizations"])


@teams.get("/organizations/{organization_id}/teams", dependencies=[Authenticated], reads=NOBODY)
async def list_teams(organization_id: UUID, actor: CurrentActor, page: Paging, app: App) -> Envelope[PageOf[TeamResponse]]:
    """List the teams of an organization by name, for its members and for callers who may read it."""
    found = await app.teams.list_teams(actor=actor, organization_id=organization_id, page=page)
    return page_of(found, TeamResponse.of)


@teams.post("/organizations/{organization_id}/teams", status_code=201, dependencies=[Authenticated], assurance=RECENT)
async def create_team(
    organization_id: UUID, body: CreateTeamRequest, actor: CurrentActor, app: App, response: Response
) -> Envelope[TeamResponse]:
    """Create a team, or a part of one, for those who manage the organization or the team of which it is a part."""
    team = await app.teams.create_team(actor=actor, organization_id=organization_id, name=body.name, parent_id=body.parent_id)
    set_etag(response, team.version)
    return envelope(TeamResponse.of(team))


@teams.get("/teams", dependencies=[Authenticated], reads=OWN)
async def list_own_teams(actor: CurrentActor, page: Paging, app: App) -> Envelope[PageOf[TeamResponse]]:
    """List the caller's teams, in all organizations."""
    return page_of(await app.teams.list_own_teams(actor=actor, page=page), TeamResponse.of)


@teams.get("/teams/{team_id}", dependencies=[Authenticated], reads=NOBODY)
async def get_team(team_id: UUID, actor: CurrentActor, app: App, response: Response) -> Envelope[TeamResponse]:
    """Get a team. Renaming it requires its ETag in If-Match."""
    team = await app.teams.get_team(actor=actor, team_id=team_id)
    set_etag(response, team.version)
    return envelope(TeamResponse.of(team))


@teams.patch("/teams/{team_id}", dependencies=[Authenticated], assurance=RECENT)
async def rename_team(
    *, team_id: UUID, body: RenameTeamRequest, version: IfMatch, actor: CurrentActor, app: App, response: Response
) -> Envelope[TeamResponse]:
    """Rename a team."""
    if version is None:
        raise VersionRequired(team_id=team_id)
    team = await app.teams.rename_team(actor=actor, team_id=team_id, name=body.name, version=version)
    set_etag(response, team.version)
    return envelope(TeamResponse.of(team))


@teams.delete("/teams/{team_id}", status_code=204, dependencies=[Authenticated], idempotency=False, assurance=RECENT)
async def remove_team(
    *,
    team_id: UUID,
    actor: CurrentActor,
    app: App,
    reason: Annotated[str, Query(min_length=3, max_length=REASON_LENGTH_MAX, examples=["merged with another"]), REASON],
) -> None:
    """Remove a team without parts. Roles that are limited to it are revoked."""
    await app.teams.remove_team(actor=actor, team_id=team_id, reason=reason)


@teams.get("/teams/{team_id}/members", dependencies=[Authenticated], reads=OTHERS)
async def list_team_members(team_id: UUID, actor: CurrentActor, page: Paging, app: App) -> Envelope[PageOf[TeamMemberResponse]]:
    """List the members of a team in the order of joining."""
    return page_of(await app.teams.list_team_members(actor=actor, team_id=team_id, page=page), TeamMemberResponse.of)


@teams.put("/teams/{team_id}/members/{subject_id}", dependencies=[Authenticated], assurance=RECENT)
async def add_team_member(team_id: UUID, subject_id: UUID, actor: CurrentActor, app: App) -> Envelope[TeamResponse]:
    """Add a member of the organization to a team. Adding one again changes nothing."""
    return envelope(TeamResponse.of(await app.teams.add_team_member(actor=actor, team_id=team_id, subject_id=subject_id)))


@teams.delete("/teams/{team_id}/members/{subject_id}", dependencies=[Authenticated], assurance=RECENT)
async def drop_team_member(team_id: UUID, subject_id: UUID, actor: CurrentActor, app: App) -> Envelope[TeamResponse]:
    """Remove a person from a team; they stay a member of the organization. Doing so again changes nothing."""
    return envelope(TeamResponse.of(await app.teams.drop_team_member(actor=actor, team_id=team_id, subject_id=subject_id)))
