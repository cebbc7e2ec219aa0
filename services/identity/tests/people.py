"""Users who register and confirm their code, for tests about other things."""

from typing import Any

from identity.application import Identity
from identity.application.registration.register_user import RegisterUser
from identity.application.registration.verification import VerificationResult
from identity.application.registration.verify_email import VerifyEmail
from kernel.actor import Actor

# The value of every one-time code in these tests.
CODE = "246810"
PASSWORD = "Oshana-Sunrise-47!"
DETAILS: dict[str, Any] = {
    "full_name": "Ndapewa Shikongo",
    "email": "ndapewa@example.na",
    "phone": "+264811234567",
    "password": PASSWORD,
    "agreed_terms": True,
}
STRANGER = Actor.anonymous(ip="198.51.100.7", user_agent="tests")


async def registered(register_user: RegisterUser, verify_email: VerifyEmail, **changes: Any) -> VerificationResult:
    """Register and confirm the code; raises InvalidCode if the registration clashed with another account."""
    pending = await register_user(actor=STRANGER, **{**DETAILS, **changes})
    return await verify_email(actor=STRANGER, verification_id=pending.id, code=CODE)


async def register(identity: Identity, **changes: Any) -> VerificationResult:
    return await registered(identity.registration.register_user, identity.registration.verify_email, **changes)
