"""Alarms move: events in, versions and their records out, deadlines kept."""
