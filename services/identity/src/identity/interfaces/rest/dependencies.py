from typing import Annotated

from fastapi import Depends, Request

from identity.application import Identity


async def application(request: Request) -> Identity:
    app: Identity = request.app.state.application
    return app


App = Annotated[Identity, Depends(application)]
