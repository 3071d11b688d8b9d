"""Reports and assets in, samples of alarms out."""
