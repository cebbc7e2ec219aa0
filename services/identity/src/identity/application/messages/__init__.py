"""Messages to users: sent by whoever changes something of theirs, delivered by the `jobs` process."""
