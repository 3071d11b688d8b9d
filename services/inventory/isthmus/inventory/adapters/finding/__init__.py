"""Questions about many assets, in the store."""
