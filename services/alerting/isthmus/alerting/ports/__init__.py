"""What the handlers need from outside, by subject."""
