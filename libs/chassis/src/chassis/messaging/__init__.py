"""Events between services: contract, topology, relay, consumer, listener, dead letters."""
