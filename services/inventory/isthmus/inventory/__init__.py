"""Keeps one asset for each device, and its history."""
