"""Books kept, and figures asked for."""
