"""The application and the parameters that routes share."""

from typing import Annotated

from fastapi import Depends, Path, Request

from governance.application import Governance

ROLE_PATTERN = r"^[a-z][a-z0-9_-]{0,62}$"
PERMISSION_PATTERN = r"^[a-z][a-z0-9_]{0,30}:[a-z][a-z0-9_]{0,30}$"
RULE_PATTERN = r"^[a-z][a-z0-9-]{0,62}$"
REASON_LENGTH_MAX = 500


def application(request: Request) -> Governance:
    governance: Governance = request.app.state.application
    return governance


App = Annotated[Governance, Depends(application)]
RoleName = Annotated[str, Path(pattern=ROLE_PATTERN, examples=["staff"])]
