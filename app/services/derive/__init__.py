"""Computed dataflows: what the exchange computes from reported figures, and publishes as such."""
