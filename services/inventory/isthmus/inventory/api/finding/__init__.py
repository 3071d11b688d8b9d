"""Many assets: listed, searched, kept as views, exported as metrics."""
