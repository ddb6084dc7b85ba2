"""The edge of HTTP: dependencies, errors to statuses, caching, compression, limits."""
