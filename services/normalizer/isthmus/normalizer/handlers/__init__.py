"""Observations in, reports out: the only place here that knows the messages."""
