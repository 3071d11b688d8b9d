"""Targets, zones and discoveries, as people want them."""
