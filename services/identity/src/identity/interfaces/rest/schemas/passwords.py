"""Passwords."""

from typing import Annotated, Literal

from pydantic import Field

from chassis.rest import VERBATIM, RequestModel, ResponseModel
from identity.interfaces.rest.schemas.fields import Email, Password


class ChangePasswordRequest(RequestModel):
    current_password: Password
    new_password: Password


class PasswordChangedResponse(ResponseModel):
    changed: Literal[True] = True


class AskPasswordResetRequest(RequestModel):
    email: Email


class PasswordResetAskedResponse(ResponseModel):
    """The response is the same whether or not the address has an account."""

    accepted: Literal[True] = True


class ResetPasswordRequest(RequestModel):
    token: Annotated[str, Field(min_length=1, max_length=128, description="The part of the link after `#token=`"), VERBATIM]
    password: Password


class PasswordResetResponse(ResponseModel):
    reset: Literal[True] = True
