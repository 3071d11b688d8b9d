"""What an alarm is, and how it moves."""
