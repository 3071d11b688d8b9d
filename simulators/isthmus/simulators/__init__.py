"""Simulated sites: devices that answer over real sockets, and the truth about them."""
