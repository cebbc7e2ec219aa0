from dataclasses import dataclass
from uuid import UUID

from identity.application.factors import audit
from identity.application.factors.required_factors import RequiredFactors
from identity.application.factors.views import FactorViews
from identity.application.ports.credentials import CredentialView
from identity.application.ports.one_time_secrets import OneTimeSecrets
from identity.application.ports.roles import Roles
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.errors import InvalidCredentials
from identity.domain.sign_in_challenge import LIFE, SignInChallenge
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class SecondFactorRequired:
    """`text` continues the sign-in. `methods` are the accepted factors; none if the user must first set one up."""

    text: str
    methods: tuple[str, ...]
    enrolment: bool
    expires_in_seconds: int

    def __repr__(self) -> str:
        return f"SecondFactorRequired(methods={self.methods}, enrolment={self.enrolment})"


@dataclass(frozen=True, slots=True)
class ChallengeSecondFactor:
    """Require the second factor after a right password, from users who have one and users who must have one."""

    uow: UnitOfWork
    views: FactorViews
    roles: Roles
    secrets: OneTimeSecrets
    clock: Clock
    required: RequiredFactors

    async def __call__(
        self,
        *,
        actor: Actor,
        credential: CredentialView,
        device_id: UUID,
        methods: tuple[str, ...],
        stronger_hash: str | None = None,
        known_device: bool = False,
    ) -> SecondFactorRequired | None:
        """Return None for a user who needs none. Raise Unavailable if roles must be known and governance is unavailable."""
        user_id, enrolment = credential.user_id, not credential.has_second_factor
        roles = await self.roles.of(user_id) if enrolment and self.required.depend_on_roles else ()
        if enrolment and not self.required.requires_two(user_id, roles):
            return None
        offered = () if enrolment else (await self.views.factors_of(user_id)).methods
        secret = self.secrets.issue()
        challenge = SignInChallenge.issue(
            new_id(),
            secret.digest,
            user_id=user_id,
            device_id=device_id,
            methods=methods,
            password_changed_at=credential.password_changed_at,
            enrolment=enrolment,
            at=self.clock.now(),
            known_device=known_device,
        )
        async with self.uow.begin(actor) as tx:
            user = await tx.users.lock(user_id)
            if user is None or user.password_changed_at != credential.password_changed_at:
                raise InvalidCredentials
            if stronger_hash:
                user.strengthen_hash(stronger_hash)
            tx.factors.challenges.add(challenge)
            tx.record_bounded(audit.challenged(challenge), user_id=user_id)
        return SecondFactorRequired(secret.text, offered, enrolment, int(LIFE.total_seconds()))
