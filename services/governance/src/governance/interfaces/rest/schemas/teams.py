"""Request and response bodies for teams."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from chassis.rest import ONE_LINE, RequestModel, ResponseModel
from governance.application.teams.views import TeamMemberView, TeamView
from governance.domain.team import NAME_LENGTH_MAX

_TEAM = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a50"
_Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX, examples=["Payments desk"]), ONE_LINE]


class TeamResponse(ResponseModel):
    id: UUID = Field(examples=[_TEAM])
    organization_id: UUID = Field(examples=["0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a20"])
    name: str = Field(examples=["Payments desk"])
    parent_id: UUID | None = Field(description="The team of which it is a part", examples=[None])
    created_at: datetime = Field(examples=["2026-03-21T08:00:00Z"])
    version: int = Field(description="The version of the team, and its ETag for If-Match", examples=[1])
    members: int = Field(description="The number of its members", examples=[7])

    @classmethod
    def of(cls, team: TeamView) -> "TeamResponse":
        return cls.model_validate(team)


class TeamMemberResponse(ResponseModel):
    subject_id: UUID = Field(examples=["0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"])
    joined_at: datetime = Field(examples=["2026-03-21T08:00:00Z"])

    @classmethod
    def of(cls, member: TeamMemberView) -> "TeamMemberResponse":
        return cls.model_validate(member)


class CreateTeamRequest(RequestModel):
    name: _Name
    parent_id: UUID | None = Field(default=None, description="The team of which it is a part", examples=[_TEAM])


class RenameTeamRequest(RequestModel):
    name: _Name
