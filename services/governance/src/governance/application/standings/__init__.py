"""Use cases for standings and for authority over other users."""

from dataclasses import dataclass

from governance.application.standings.disable_subject import DisableSubject
from governance.application.standings.follow_standing import FollowStanding
from governance.application.standings.reconcile_standings import ReconcileStandings
from governance.application.standings.require_authority import RequireAuthority


@dataclass(frozen=True, slots=True)
class Standings:
    require_authority: RequireAuthority
    disable_subject: DisableSubject
    follow_standing: FollowStanding
    reconcile_standings: ReconcileStandings
