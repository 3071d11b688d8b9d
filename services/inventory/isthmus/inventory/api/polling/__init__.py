"""Targets, zones and discoveries."""
