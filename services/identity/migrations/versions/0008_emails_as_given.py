"""E-mail addresses are stored as given; a view lists those that were stored folded."""

from alembic import op

revision = "0008"
down_revision = "0013"


def upgrade() -> None:
    # False for all existing rows, and for rows that the previous release writes meanwhile: it folds without recording that. An
    # address that it changes is verified by the code for the change.
    op.execute("ALTER TABLE profiles ADD COLUMN email_as_given boolean NOT NULL DEFAULT false")
    # Users whose folded address was never verified. The text is sealed under a key that no migration has, so the service opens it
    # and sends mail only to addresses that folding cannot have changed (`folded-emails` lists the others).
    op.execute("""
        CREATE VIEW emails_stored_folded AS
        SELECT p.user_id FROM profiles p JOIN users u ON u.id = p.user_id
        WHERE NOT p.email_as_given AND u.email_verified_at IS NULL
    """)
