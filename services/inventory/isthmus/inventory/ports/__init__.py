"""What the handlers and the API need from the outside."""
