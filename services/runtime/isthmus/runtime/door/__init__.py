"""What stands before the routes of a service that keeps state, and is kept in its store."""
