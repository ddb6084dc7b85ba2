"""The store: all SQL of the service."""
