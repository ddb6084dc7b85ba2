"""The bench: every budget of the architecture as a ratio, measured in one run."""
