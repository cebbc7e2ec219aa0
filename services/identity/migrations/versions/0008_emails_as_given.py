"""E-mail addresses are kept as they were given; those that were stored folded are listed."""

from alembic import op

revision = "0008"
down_revision = "0013"


def upgrade() -> None:
    # False for every row that there is, and for those that the previous release writes meanwhile: it folds and does not say so.
    # An address that it changes is proven by the code that changes it.
    op.execute("ALTER TABLE profiles ADD COLUMN email_as_given boolean NOT NULL DEFAULT false")
    # Whose address nobody has proven since it was folded. The text itself is sealed under a key that no migration has: of these
    # the service, which opens it, writes to those alone that folding cannot have changed (`folded-emails` lists the others).
    op.execute("""
        CREATE VIEW emails_stored_folded AS
        SELECT p.user_id FROM profiles p JOIN users u ON u.id = p.user_id
        WHERE NOT p.email_as_given AND u.email_verified_at IS NULL
    """)
