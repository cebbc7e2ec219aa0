"""Only verified telephone numbers are unique (ADR 0016)."""

from alembic import op

revision = "0014"
down_revision = "0008"


def upgrade() -> None:
    op.execute(VERIFIED)
    op.execute(UNIQUE)


# The verification is in the user's row and the number in the profile's, but an index is on one table. A trigger copies it,
# whichever release writes: the previous one does not know the column.
VERIFIED = """
ALTER TABLE profiles ADD COLUMN phone_verified boolean NOT NULL DEFAULT false;

CREATE FUNCTION mark_phone_verified() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE profiles SET phone_verified = NEW.phone_verified_at IS NOT NULL WHERE user_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER users_phone_verified AFTER UPDATE OF phone_verified_at ON users FOR EACH ROW
    WHEN ((OLD.phone_verified_at IS NULL) <> (NEW.phone_verified_at IS NULL)) EXECUTE FUNCTION mark_phone_verified();

UPDATE profiles p SET phone_verified = true
    FROM users u WHERE u.id = p.user_id AND u.phone_verified_at IS NOT NULL AND p.phone_index IS NOT NULL;
"""

# The name stays: the previous release reports a violation of it as "already exists".
UNIQUE = """
ALTER TABLE profiles DROP CONSTRAINT profiles_phone_index_key;
CREATE UNIQUE INDEX profiles_phone_index_key ON profiles (phone_index) WHERE phone_verified;
CREATE INDEX profiles_phone ON profiles (phone_index);
"""
