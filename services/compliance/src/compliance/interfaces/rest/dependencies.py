from typing import Annotated

from fastapi import Depends, Request

from compliance.application import Compliance


def application(request: Request) -> Compliance:
    app: Compliance = request.app.state.application
    return app


App = Annotated[Compliance, Depends(application)]
