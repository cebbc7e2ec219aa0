"""The ports of payments, one file per dependency."""
