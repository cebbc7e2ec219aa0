"""The credentials for a sign-in."""

from uuid import UUID

from sqlalchemy import text

from identity.application.ports.credentials import CredentialView
from identity.domain.sign_in_name import NameKind, SignInName
from identity.infrastructure.sql.reads import SealedReads

_CREDENTIAL = """
    SELECT u.id, u.password_hash, u.password_changed_at, u.status = 'active' AS is_active,
           u.second_factor_since IS NOT NULL AS has_second_factor
    FROM users u LEFT JOIN profiles p ON p.user_id = u.id
"""
_CREDENTIAL_BY = {
    # An address that was stored folded and never verified is also found by its folded form, unless another user has exactly the
    # given one: its owner must sign in to verify it again.
    NameKind.EMAIL: text(
        f"""{_CREDENTIAL} WHERE p.email_index = ANY(:name)
        OR (p.email_index = :folded AND NOT p.email_as_given AND u.email_verified_at IS NULL)
        ORDER BY p.email_index = ANY(:name) DESC LIMIT 1"""
    ),
    NameKind.USERNAME: text(f"{_CREDENTIAL} WHERE u.username = :name"),
}
_CREDENTIAL_OF = text(f"{_CREDENTIAL} WHERE u.id = :id")


class SqlCredentials(SealedReads):
    async def credential_of(self, user_id: UUID) -> CredentialView | None:
        rows = await self._rows(_CREDENTIAL_OF, id=user_id)
        return CredentialView(*rows[0]) if rows else None

    async def credential(self, name: SignInName) -> CredentialView | None:
        key: dict[str, object] = {"name": name.text}
        if name.kind is NameKind.EMAIL:
            key = {"name": list(self._vault.email_indexes(name.text)), "folded": self._vault.folded_email_index(name.text)}
        rows = await self._rows(_CREDENTIAL_BY[name.kind], **key)
        return CredentialView(*rows[0]) if rows else None
