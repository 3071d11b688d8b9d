"""Whom a step of an alarm is told to, and what becomes of telling it."""
