"""The lists of a session, stored as JSON, oldest first.

Proofs are {"methods", "at", "passkey_id"}; used tokens {"generation", "digest", "successor", "at"}, bytes in base64.
"""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from identity.domain.proof import Proof
from identity.domain.refresh_token import UsedToken


class ProofColumn(TypeDecorator[tuple[Proof, ...]]):
    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: Sequence[Proof] | None, dialect: Dialect) -> list[dict[str, Any]]:  # noqa: ARG002  # SQLAlchemy's
        return [
            {
                "methods": list(proof.methods),
                "at": proof.at.isoformat(),
                "passkey_id": str(proof.passkey_id) if proof.passkey_id else None,
            }
            for proof in value or ()
        ]

    def process_result_value(self, value: list[dict[str, Any]] | None, dialect: Dialect) -> tuple[Proof, ...]:  # noqa: ARG002  # SQLAlchemy's
        return tuple(
            Proof(
                tuple(kept["methods"]),
                datetime.fromisoformat(kept["at"]),
                UUID(kept["passkey_id"]) if kept["passkey_id"] else None,
            )
            for kept in value or ()
        )


class UsedTokenColumn(TypeDecorator[tuple[UsedToken, ...]]):
    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: Sequence[UsedToken] | None, dialect: Dialect) -> list[dict[str, Any]]:  # noqa: ARG002  # SQLAlchemy's
        return [
            {
                "generation": used.generation,
                "digest": base64.b64encode(used.digest).decode(),
                "successor": base64.b64encode(used.sealed_successor).decode(),
                "at": used.used_at.isoformat(),
            }
            for used in value or ()
        ]

    def process_result_value(self, value: list[dict[str, Any]] | None, dialect: Dialect) -> tuple[UsedToken, ...]:  # noqa: ARG002  # SQLAlchemy's
        return tuple(
            UsedToken(
                kept["generation"],
                base64.b64decode(kept["digest"]),
                base64.b64decode(kept["successor"]),
                datetime.fromisoformat(kept["at"]),
            )
            for kept in value or ()
        )
