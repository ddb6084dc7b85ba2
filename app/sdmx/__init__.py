"""The SDMX standard, pure: no web, no SQL, no clock, no environment."""
