"""Keys that are kept wrapped by the master key."""
