"""Turns what a device said into the vocabulary of the platform."""
