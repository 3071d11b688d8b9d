"""What hangs on what."""
