"""The chassis objects that the routes of one app use."""

from dataclasses import dataclass, field

from starlette.types import Scope

from chassis.auth.access_control import AccessControl
from chassis.rest.followers import Followers
from chassis.rest.idempotency import IdempotencyStore


@dataclass(frozen=True, slots=True)
class AppState:
    access_control: AccessControl
    idempotency: IdempotencyStore | None
    request_seconds: float
    followers: Followers = field(default_factory=Followers)

    @classmethod
    def of(cls, scope: Scope) -> "AppState":
        app_state: AppState = scope["app"].state.app_state
        return app_state
