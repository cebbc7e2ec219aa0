"""Create the approval rules, which say which transfers need another person's approval. There are none at first."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE approval_rules (
            name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9-]{0,62}$'),
            currency char(3) NOT NULL,
            threshold numeric(20, 8) NOT NULL CHECK (threshold >= 0 AND threshold = round(threshold, 4)),
            kinds text[] NOT NULL,
            role text REFERENCES roles,
            counterparty uuid,
            description text NOT NULL CHECK (length(description) <= 500),
            version bigint NOT NULL CHECK (version > 0),
            is_withdrawn boolean NOT NULL
        )
        """
    )
