"""What an asset is, when two reports mean the same one, and what a batch of reports changes."""
