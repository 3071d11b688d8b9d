"""Assets, their identity keys and their history in MongoDB."""
