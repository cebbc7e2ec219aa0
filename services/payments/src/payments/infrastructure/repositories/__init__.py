"""The ledger's tables. Core, not the ORM: this is the hottest path of the platform."""
