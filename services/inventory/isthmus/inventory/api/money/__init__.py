"""Books and costs."""
