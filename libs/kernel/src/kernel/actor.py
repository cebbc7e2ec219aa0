"""Who acts, from where, and how surely we know it."""

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

    `subject_id` is a user's UUID as text, or a service's name ("payments"), or "anonymous".
    `authenticated_at` and `methods` (RFC 8176 values such as "pwd") describe the last proof, `has_second_factor` whether the
    account has one; unknown is read as True, which asks for more. `factors_version` is the version of the account's factors at
    that time. `refusal` is why access was refused, for callers who may still get an earlier answer again: a use case raises it
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
    refusal: DomainError | None = field(default=None, compare=False, repr=False)

    @classmethod
    def service(cls, name: str, *, request_id: str = "") -> "Actor":
        """The platform's own work: a consumer, a job, a command."""
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
        """Raise why access was refused, where it was: to be called once no earlier answer was found."""
        if self.refusal:
            raise self.refusal

    @property
    def user_id(self) -> UUID:
        """The user's id; only a signed-in user has one."""
        if self.kind is not ActorKind.USER:
            raise ValueError(f"{self.kind} {self.subject_id} is not a user")
        return UUID(self.subject_id)
