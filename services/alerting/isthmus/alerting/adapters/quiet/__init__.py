"""Recurrence, and where windows, reports and counters are kept."""
