"""The base of reads that open what the vault sealed."""

from chassis.persistence.database import Database
from chassis.persistence.sql_reads import SqlReads
from identity.infrastructure.vault import Vault


class SealedReads(SqlReads):
    def __init__(self, database: Database, vault: Vault) -> None:
        super().__init__(database)
        self._vault = vault
