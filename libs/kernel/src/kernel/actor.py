"""The actor of a request, message or job, and how it authenticated."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from kernel.errors import DomainError
from kernel.ids import new_id


class ActorKind(StrEnum):
    USER = "user"
    SERVICE = "service"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The principal of one request, message or job.

    `subject_id` is a user's UUID as text, or a service's name ("payments"), or "anonymous". `authenticated_at` and `methods`
    (RFC 8176 values such as "pwd") describe the last authentication. `has_second_factor` says whether the user has a second
    factor; the default True requires more. `factors_version` is the version of the user's factors at that time.
    `organization_id` is the one organization that the actor acts for; None if the person acts alone. `refusal` is the
    error for a caller who is refused access but may still get the stored answer to an earlier request: a use case raises it
    before it changes anything.
    """

    kind: ActorKind
    subject_id: str
    roles: frozenset[str] = frozenset()
    session_id: UUID | None = None
    device_id: str | None = None
    ip: str = ""
    user_agent: str = ""
    request_id: str = ""
    authenticated_at: datetime | None = None
    methods: tuple[str, ...] = ()
    has_second_factor: bool = True
    factors_version: int = 0
    organization_id: UUID | None = None
    refusal: DomainError | None = field(default=None, compare=False, repr=False)

    @classmethod
    def service(cls, name: str, *, request_id: str = "") -> "Actor":
        """Return the actor of the platform's own work: a consumer, a job, a command."""
        return cls(kind=ActorKind.SERVICE, subject_id=name, request_id=request_id or str(new_id()))

    @classmethod
    def anonymous(cls, *, ip: str = "", user_agent: str = "", request_id: str = "", device_id: str | None = None) -> "Actor":
        return cls(
            kind=ActorKind.ANONYMOUS,
            subject_id="anonymous",
            ip=ip,
            user_agent=user_agent,
            request_id=request_id,
            device_id=device_id,
        )

    def require_admitted(self) -> None:
        """Raise the refusal, if any. Call it when no earlier answer to the request was found."""
        if self.refusal:
            raise self.refusal

    @property
    def acts_for(self) -> UUID:
        """The organization that the user acts for, otherwise the user; raises ValueError unless the actor is a signed-in user."""
        return self.organization_id or self.user_id

    @property
    def parties(self) -> frozenset[UUID]:
        """The user, and the organization that the user acts for: none of them decides in its own matter."""
        return frozenset({self.user_id, self.acts_for})

    @property
    def user_id(self) -> UUID:
        """The user's id; raises ValueError unless the actor is a signed-in user."""
        if self.kind is not ActorKind.USER:
            raise ValueError(f"{self.kind} {self.subject_id} is not a user")
        return UUID(self.subject_id)
