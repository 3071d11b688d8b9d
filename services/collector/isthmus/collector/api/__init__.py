"""What the collector says to people who ask it: its HTTP API, and its commands."""
