"""Workbooks: templates to fill in, what is read from them, and reports in the sender's own."""
