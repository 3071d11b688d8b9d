"""Where notices go, what says so, and the store that keeps them until they arrived."""
