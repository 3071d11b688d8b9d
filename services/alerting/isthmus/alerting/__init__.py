"""Judges reports by rules and keeps the state of each alarm."""
