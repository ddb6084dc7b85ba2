"""One reader and one writer per SDMX message format."""
