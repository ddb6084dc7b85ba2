"""Near-valid messages from a grammar of each format; `python -m tests.fuzz` runs many of them."""
