"""Reads devices, safely, and says what they said."""
