"""One asset: read, curated, explained."""
