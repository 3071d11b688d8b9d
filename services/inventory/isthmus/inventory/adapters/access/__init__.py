"""Keys, tenants and the audit log, in the store."""
