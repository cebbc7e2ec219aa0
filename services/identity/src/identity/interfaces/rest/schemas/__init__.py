"""The requests and responses of identity's REST API. Times are RFC 3339 UTC; no response has a password or its hash."""
