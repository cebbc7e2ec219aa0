"""Files outside the database: uploads, the object store, and malware scanning."""
