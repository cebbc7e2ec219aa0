"""Sessions, from sign-in to sign-out: the table of contents."""

from dataclasses import dataclass

from identity.application.sessions.challenge_step_up import ChallengeStepUp
from identity.application.sessions.complete_sign_in import CompleteSignIn
from identity.application.sessions.get_session import GetSession
from identity.application.sessions.list_sessions import ListSessions
from identity.application.sessions.refresh_session import RefreshSession
from identity.application.sessions.revoke_session import RevokeSession
from identity.application.sessions.set_session_organization import SetSessionOrganization
from identity.application.sessions.sign_in import SignIn
from identity.application.sessions.sign_out import SignOut
from identity.application.sessions.sign_out_everywhere import SignOutEverywhere
from identity.application.sessions.step_up import StepUp


@dataclass(frozen=True, slots=True)
class Sessions:
    sign_in: SignIn
    complete_sign_in: CompleteSignIn
    refresh_session: RefreshSession
    challenge_step_up: ChallengeStepUp
    step_up: StepUp
    sign_out: SignOut
    sign_out_everywhere: SignOutEverywhere
    list_sessions: ListSessions
    get_session: GetSession
    revoke_session: RevokeSession
    set_session_organization: SetSessionOrganization
