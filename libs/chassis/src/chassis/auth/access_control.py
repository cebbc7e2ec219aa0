"""Authentication and authorization of REST requests, and of requests that a peer passes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from chassis.auth.claims import Claims
from chassis.auth.ended_memberships import EndedMemberships
from chassis.auth.errors import InvalidToken
from chassis.auth.revocations import Revocations
from chassis.auth.subject_roles import SubjectRoles
from chassis.auth.verifier import TokenVerifier
from kernel.actor import Actor, ActorKind
from kernel.assurance import NONE, Assurance
from kernel.errors import Unavailable

if TYPE_CHECKING:
    # The gateway verifies tokens too, but does not need the policy engine's library.
    from chassis.policies.decisions import Outcome
    from chassis.policies.engine import Policies


class Scope(Enum):
    """What an operation's permission must cover, which says whether roles for one organization open it.

    PLATFORM: anything, so only roles for everywhere count. ORGANIZATION: what belongs to the organization that the session acts
    for, for operations that concern nothing else. RESOURCE: the use case asks about the thing; the route admits everybody who has
    the permission for some organization.
    """

    PLATFORM = "platform"
    ORGANIZATION = "organization"
    RESOURCE = "resource"


@dataclass(frozen=True, slots=True)
class AccessControl:
    """Authenticates access tokens, and authorizes their subjects.

    With `privileged_have_two`, users with more permissions than the default role must have a second factor: RECENT requires two
    factors, also of users who got such a role after they signed in.
    """

    verifier: TokenVerifier
    subject_roles: SubjectRoles
    policies: "Policies"
    revocations: Revocations
    memberships: EndedMemberships
    privileged_have_two: bool = False

    async def authenticate(
        self,
        token: str,
        *,
        ip: str = "",
        user_agent: str = "",
        request_id: str = "",
        strictly: bool = False,
        of_session: bool = False,
    ) -> Actor:
        """Return the token's subject, with the present roles; raises AUTH_002, AUTH_003, ACC_004, or Unavailable.

        `ip`, `user_agent` and `request_id` are recorded in the audit log. With `strictly` (for operations that move money), all
        callers are refused while it is unknown which sessions have ended and whose factors have changed. A token from before a
        change of the user's factors is accepted, but meets no assurance above NONE. With `of_session`, which is for operations
        on the caller's sessions, a token whose membership has ended counts as the person's alone, who can sign out by it.
        """
        claims = await self.verifier.verify(token)
        self._refuse_ended(claims, strictly=strictly)
        organization_id = claims.organization_id
        if of_session and self.memberships.has_ended(claims):
            organization_id = None
        else:
            # Refused, not continued as the person alone: the request was meant for the organization.
            self.memberships.require(claims)
        roles = self.policies.roles_everywhere(claims.subject_id, self.subject_roles.effective(claims))
        outdated = self.revocations.outdating(claims.subject_id, claims.factors_version)
        second_factor = outdated.has_second if outdated else claims.second_factor
        return Actor(
            kind=ActorKind.USER,
            subject_id=claims.subject_id,
            roles=roles,
            session_id=claims.session_id,
            device_id=claims.device_id,
            ip=ip,
            user_agent=user_agent,
            request_id=request_id,
            # Factors verified before the user's factors changed do not count any more.
            authenticated_at=None if outdated else claims.authenticated_at,
            methods=() if outdated else claims.methods,
            has_second_factor=second_factor or self._must_have_two(claims.subject_id, roles),
            factors_version=claims.factors_version,
            organization_id=organization_id,
        )

    def authorize(
        self,
        actor: Actor,
        permission: str | None,
        assurance: Assurance = NONE,
        *,
        alternatives: Sequence[str] = (),
        within: Scope = Scope.PLATFORM,
    ) -> None:
        """Raise ACC_001, AUTH_005, or Unavailable unless the actor has the permission, within this scope, and the assurance.

        One of the alternatives is enough instead of the permission.
        """
        if permission:
            outcomes = [self._decide(actor, permission, within)]
            while not outcomes[-1].allowed and len(outcomes) <= len(alternatives):
                outcomes.append(self._decide(actor, alternatives[len(outcomes) - 1], within))
            if not outcomes[-1].allowed:
                # One that the caller can answer by a step-up, if there is one.
                outcome = next((each for each in outcomes if each.step_up_seconds is not None), outcomes[0])
                raise self.policies.refusal_of(outcome, actor, permission)
        # Check last, so that nobody verifies a second factor only to be denied.
        assurance.require(actor, at=self.verifier.clock.now())

    def _decide(self, actor: Actor, permission: str, within: Scope) -> "Outcome":
        if within is Scope.ORGANIZATION:
            return self.policies.decide_within(actor, permission, actor.organization_id)
        if within is Scope.RESOURCE:
            return self.policies.decide_somewhere(actor, permission)
        return self.policies.decide(actor, permission)

    def _must_have_two(self, subject_id: str, roles: frozenset[str]) -> bool:
        # Before the first bundle it is unknown what roles permit: require two factors.
        if not self.privileged_have_two:
            return False
        return not self.policies.loaded or bool(self.policies.roles_beyond_default(subject_id, roles))

    def _refuse_ended(self, claims: Claims, *, strictly: bool) -> None:
        if self.revocations.has_ended(claims.session_id):
            raise InvalidToken(reason="session")
        if strictly and not self.revocations.is_current:
            raise Unavailable(dependency="redis", reason="ended sessions are not known")
