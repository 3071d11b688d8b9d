"""What an alarm is, and which rules raise it; standard library only."""
