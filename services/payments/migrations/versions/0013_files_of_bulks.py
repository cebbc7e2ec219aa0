"""The files of bulk transfers, as submitted, in the object store."""

from alembic import op

from chassis.objects.claims_table import objects_table

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    objects_table(op)
    op.execute(FILES)


FILES = """
-- Bulks of before, and those that the previous release accepts, have no file. Its media type is the column `format`.
ALTER TABLE bulks
    ADD file_digest bytea,
    ADD file_size bigint,
    ADD file_name text,
    ADD CONSTRAINT bulks_file_digest FOREIGN KEY (file_digest) REFERENCES objects NOT VALID,
    ADD CONSTRAINT bulks_file
        CHECK ((file_digest IS NULL) = (file_size IS NULL) AND (file_name IS NULL OR file_digest IS NOT NULL)) NOT VALID;
-- No row has a file yet.
ALTER TABLE bulks VALIDATE CONSTRAINT bulks_file_digest;
ALTER TABLE bulks VALIDATE CONSTRAINT bulks_file;
CREATE INDEX bulks_file ON bulks (file_digest) WHERE file_digest IS NOT NULL;
"""
