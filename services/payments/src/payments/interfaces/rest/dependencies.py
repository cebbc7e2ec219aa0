from typing import Annotated

from fastapi import Depends, Request

from payments.application import Payments


def application(request: Request) -> Payments:
    app: Payments = request.app.state.application
    return app


App = Annotated[Payments, Depends(application)]
