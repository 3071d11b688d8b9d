"""Imports run, exports written."""
