"""The world outside: the catalogue's files and Prometheus."""
