"""Sessions, from sign-in to sign-out."""

from chassis.wiring import wire
from identity.application.factors.challenge_second_factor import ChallengeSecondFactor
from identity.application.sessions import Sessions
from identity.application.sessions.end_session import EndSession
from identity.application.sessions.revoke_session import RevokeSession
from identity.infrastructure.device_proofs import DpopProofs
from identity.wiring.dependencies import Dependencies


def sessions(given: Dependencies) -> Sessions:
    return wire(
        Sessions,
        uow=given.uow,
        views=given.views.sessions,
        credentials=given.views.credentials,
        devices=given.views.devices,
        passwords=given.passwords,
        attempts=given.attempts,
        digest=given.sign_in_names,
        secrets=given.secrets,
        check=given.check_code,
        required=given.required_factors,
        challenge=_challenge(given),
        webauthn=given.webauthn,
        answer=given.answer_ceremony,
        roles=given.roles,
        permissions=given.permissions,
        reads=given.reads,
        start=given.start_session,
        access_tokens=given.access_tokens,
        refresh_tokens=given.refresh_tokens,
        device_tokens=given.device_tokens,
        proofs=DpopProofs(method="POST", url=f"{given.settings.public_url}/api/v1/auth/refresh"),
        idle_for=given.settings.session_idle,
        end_session=EndSession(revocations=given.revocations, access_token_life=given.settings.access_token_life),
        end_sessions=given.end_sessions,
        revocations=given.revocations,
        clock=given.clock,
        # It has the `end_session` of all other nouns, which assumes the longest life of an access token.
        revoke_session=RevokeSession(
            uow=given.uow,
            permissions=given.permissions,
            authority=given.authority,
            end_session=given.end_session,
            clock=given.clock,
        ),
    )


def _challenge(given: Dependencies) -> ChallengeSecondFactor:
    return ChallengeSecondFactor(
        uow=given.uow,
        views=given.views.factors,
        roles=given.roles,
        secrets=given.secrets,
        clock=given.clock,
        required=given.required_factors,
    )
