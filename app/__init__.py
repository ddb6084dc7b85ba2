"""VIPMG: the exchange of migration statistics between countries, in SDMX."""
