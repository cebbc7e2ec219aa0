"""Authentication of callers: verified access tokens and present roles."""

from chassis.auth.access_control import AccessControl
from chassis.auth.claims import Claims
from chassis.auth.ended_memberships import EndedMemberships, Ending, EndingSource
from chassis.auth.errors import ExpiredToken, InvalidCredentials, InvalidToken, MissingToken
from chassis.auth.jwks import JwksKeys
from chassis.auth.subject_roles import SubjectRoles
from chassis.auth.verifier import KeySource, TokenVerifier

__all__ = [
    "AccessControl",
    "Claims",
    "EndedMemberships",
    "Ending",
    "EndingSource",
    "ExpiredToken",
    "InvalidCredentials",
    "InvalidToken",
    "JwksKeys",
    "KeySource",
    "MissingToken",
    "SubjectRoles",
    "TokenVerifier",
]
