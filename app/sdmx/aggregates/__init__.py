"""Totals and regions that are computed from reported figures: declared, complete, with coverage."""
