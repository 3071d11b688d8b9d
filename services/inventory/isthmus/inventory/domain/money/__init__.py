"""What assets cost, when they end, and whether to keep them."""
