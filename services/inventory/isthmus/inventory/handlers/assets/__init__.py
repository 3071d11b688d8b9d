"""From reports and people to assets."""
