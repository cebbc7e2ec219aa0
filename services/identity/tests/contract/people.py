"""People in contract tests: administrators and users with a role of their own."""

from services.identity.tests.contract.api import Api
from services.identity.tests.fakes import Fakes

JOHANNES = {"full_name": "Johannes Amupolo", "email": "johannes@example.na", "phone": "+264811234568", "username": "johannes"}


async def signed_in_as(api: Api, fakes: Fakes, role: str) -> str:
    """Register a user with the role, sign them in and return the access token; all other users keep the default role."""
    number = 7000 + sum(role.encode())
    fakes.roles.roles = (role,)
    token = await api.signed_in(email=f"{role}@example.na", phone=f"+26481123{number}")
    fakes.roles.roles = ("user",)
    return token


async def sign_in_johannes(api: Api) -> str:
    """Return the access token of a new session."""
    token: str = (await api.login(email=JOHANNES["email"])).json()["data"]["access_token"]
    return token
