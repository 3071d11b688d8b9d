"""Targets in, Observations out: the only place of the collector that touches protobuf."""
