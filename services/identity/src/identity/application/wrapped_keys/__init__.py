"""Keys that are wrapped by the master key."""
