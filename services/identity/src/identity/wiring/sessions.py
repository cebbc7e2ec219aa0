"""Sessions and the devices they are on."""

from identity.application.factors.challenge_second_factor import ChallengeSecondFactor
from identity.application.sessions import Sessions
from identity.application.sessions.end_many_sessions import RevokeSession, SignOutEverywhere
from identity.application.sessions.manage_devices import ChangeDevice, RevokeDevice
from identity.application.sessions.read_sessions import GetDevice, GetSession, ListDevices, ListSessions
from identity.application.sessions.refresh_session import RefreshSession
from identity.application.sessions.sign_in import SignIn
from identity.application.sessions.sign_out import SignOut
from identity.infrastructure.device_proofs import DpopProofs
from identity.wiring.dependencies import Dependencies


def sessions(given: Dependencies) -> Sessions:
    settings = given.settings
    return Sessions(
        sign_in=SignIn(
            uow=given.uow,
            credentials=given.views.credentials,
            devices=given.views.devices,
            passwords=given.passwords,
            attempts=given.attempts,
            digest=given.sign_in_names,
            start=given.start_session,
            challenge=ChallengeSecondFactor(
                uow=given.uow,
                queries=given.views.factors,
                roles=given.roles,
                secrets=given.secrets,
                clock=given.clock,
                required=given.required_factors,
            ),
            clock=given.clock,
            device_tokens=given.device_tokens,
        ),
        refresh_session=RefreshSession(
            uow=given.uow,
            roles=given.roles,
            access_tokens=given.access_tokens,
            refresh_tokens=given.refresh_tokens,
            revocations=given.revocations,
            clock=given.clock,
            required=given.required_factors,
            proofs=DpopProofs(method="POST", url=f"{settings.public_url}/api/v1/auth/refresh"),
            idle_for=settings.session_idle,
        ),
        sign_out=SignOut(
            uow=given.uow,
            revocations=given.revocations,
            clock=given.clock,
            access_token_life=settings.access_token_life,
        ),
        sign_out_everywhere=SignOutEverywhere(uow=given.uow, revocations=given.revocations, clock=given.clock),
        list_sessions=ListSessions(queries=given.views.sessions, permissions=given.permissions, reads=given.reads),
        get_session=GetSession(queries=given.views.sessions, permissions=given.permissions, reads=given.reads),
        revoke_session=RevokeSession(
            uow=given.uow,
            permissions=given.permissions,
            authority=given.authority,
            revocations=given.revocations,
            clock=given.clock,
        ),
        list_devices=ListDevices(queries=given.views.devices, permissions=given.permissions, reads=given.reads),
        get_device=GetDevice(queries=given.views.devices),
        change_device=ChangeDevice(uow=given.uow, clock=given.clock),
        revoke_device=RevokeDevice(uow=given.uow, revocations=given.revocations, clock=given.clock),
    )
