"""Paths, parameters and replies."""
