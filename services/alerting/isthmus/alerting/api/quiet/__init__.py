"""Maintenance windows and the figures of the alarm system, over HTTP."""
