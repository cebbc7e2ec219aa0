"""Requests and responses of payments' REST interface. Amounts are strings; times are RFC 3339 in UTC."""
