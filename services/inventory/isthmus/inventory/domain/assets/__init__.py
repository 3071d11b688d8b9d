"""What an asset is, whose word holds, and what became of it."""
