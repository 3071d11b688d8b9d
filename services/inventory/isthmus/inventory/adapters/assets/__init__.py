"""Assets, their history and their journal, in the store."""
