"""The ledger as a whole."""
