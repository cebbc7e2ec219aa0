"""How use cases get their ports: one file for each noun, and the adapters that the settings select."""
