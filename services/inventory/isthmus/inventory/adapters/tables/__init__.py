"""Files of tables, and what is kept of their imports."""
