"""Deliveries and receivers over HTTP."""
