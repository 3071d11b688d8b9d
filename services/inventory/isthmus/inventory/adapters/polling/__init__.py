"""Targets, zones and discoveries: in the store, from files, to topics."""
