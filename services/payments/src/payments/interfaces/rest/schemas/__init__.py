"""What payments' REST takes and gives. Amounts are strings, times RFC 3339 UTC."""
