"""What a device said, in the vocabulary of the platform: pure functions of data and catalogue."""
