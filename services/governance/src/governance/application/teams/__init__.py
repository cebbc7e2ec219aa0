"""Use cases for teams."""

from dataclasses import dataclass

from governance.application.teams.add_team_member import AddTeamMember
from governance.application.teams.create_team import CreateTeam
from governance.application.teams.drop_team_member import DropTeamMember
from governance.application.teams.get_team import GetTeam
from governance.application.teams.list_own_teams import ListOwnTeams
from governance.application.teams.list_team_members import ListTeamMembers
from governance.application.teams.list_teams import ListTeams
from governance.application.teams.remove_team import RemoveTeam
from governance.application.teams.rename_team import RenameTeam


@dataclass(frozen=True, slots=True)
class Teams:
    list_teams: ListTeams
    list_own_teams: ListOwnTeams
    get_team: GetTeam
    create_team: CreateTeam
    rename_team: RenameTeam
    remove_team: RemoveTeam
    list_team_members: ListTeamMembers
    add_team_member: AddTeamMember
    drop_team_member: DropTeamMember
