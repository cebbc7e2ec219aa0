"""Sessions, from sign-in to sign-out."""

from identity.application.factors.challenge_second_factor import ChallengeSecondFactor
from identity.application.sessions import Sessions
from identity.application.sessions.challenge_step_up import ChallengeStepUp
from identity.application.sessions.complete_sign_in import CompleteSignIn
from identity.application.sessions.end_session import EndSession
from identity.application.sessions.get_session import GetSession
from identity.application.sessions.list_sessions import ListSessions
from identity.application.sessions.refresh_session import RefreshSession
from identity.application.sessions.revoke_session import RevokeSession
from identity.application.sessions.set_session_organization import SetSessionOrganization
from identity.application.sessions.sign_in import SignIn
from identity.application.sessions.sign_out import SignOut
from identity.application.sessions.sign_out_everywhere import SignOutEverywhere
from identity.application.sessions.step_up import StepUp
from identity.infrastructure.device_proofs import DpopProofs
from identity.wiring.dependencies import Dependencies


def sessions(given: Dependencies) -> Sessions:
    end_own_session = EndSession(revocations=given.revocations, access_token_life=given.settings.access_token_life)
    return Sessions(
        sign_in=_sign_in(given),
        complete_sign_in=CompleteSignIn(
            uow=given.uow, secrets=given.secrets, check=given.check_code, start=given.start_session, clock=given.clock
        ),
        refresh_session=_refresh_session(given, end_own_session),
        challenge_step_up=ChallengeStepUp(uow=given.uow, webauthn=given.webauthn, clock=given.clock),
        step_up=StepUp(
            uow=given.uow,
            credentials=given.views.credentials,
            passwords=given.passwords,
            check=given.check_code,
            answer=given.answer_ceremony,
            roles=given.roles,
            access_tokens=given.access_tokens,
            clock=given.clock,
            required=given.required_factors,
        ),
        sign_out=SignOut(uow=given.uow, end_session=end_own_session, revocations=given.revocations, clock=given.clock),
        sign_out_everywhere=SignOutEverywhere(uow=given.uow, end_sessions=given.end_sessions, clock=given.clock),
        list_sessions=ListSessions(views=given.views.sessions, permissions=given.permissions, reads=given.reads),
        get_session=GetSession(views=given.views.sessions, permissions=given.permissions, reads=given.reads),
        revoke_session=RevokeSession(
            uow=given.uow,
            permissions=given.permissions,
            authority=given.authority,
            end_session=given.end_session,
            clock=given.clock,
        ),
        set_session_organization=SetSessionOrganization(
            uow=given.uow, roles=given.roles, access_tokens=given.access_tokens, clock=given.clock
        ),
    )


def _sign_in(given: Dependencies) -> SignIn:
    return SignIn(
        uow=given.uow,
        credentials=given.views.credentials,
        devices=given.views.devices,
        passwords=given.passwords,
        attempts=given.attempts,
        digest=given.sign_in_names,
        start=given.start_session,
        challenge=ChallengeSecondFactor(
            uow=given.uow,
            views=given.views.factors,
            roles=given.roles,
            secrets=given.secrets,
            clock=given.clock,
            required=given.required_factors,
        ),
        clock=given.clock,
        device_tokens=given.device_tokens,
    )


def _refresh_session(given: Dependencies, end_session: EndSession) -> RefreshSession:
    return RefreshSession(
        uow=given.uow,
        roles=given.roles,
        access_tokens=given.access_tokens,
        refresh_tokens=given.refresh_tokens,
        end_session=end_session,
        revocations=given.revocations,
        clock=given.clock,
        required=given.required_factors,
        proofs=DpopProofs(method="POST", url=f"{given.settings.public_url}/api/v1/auth/refresh"),
        idle_for=given.settings.session_idle,
    )
