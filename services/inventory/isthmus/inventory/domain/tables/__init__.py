"""What comes as tables, and what leaves as them."""
