"""What may be polled, where and how hard, and what is searched for."""
