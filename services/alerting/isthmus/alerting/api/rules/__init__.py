"""Rules over HTTP, and the commands that help to write them."""
