"""What identity's REST takes and gives. Times are RFC 3339 UTC; no answer ever holds a password or its hash."""
