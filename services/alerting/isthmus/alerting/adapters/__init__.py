"""One client library each: the store, the rule files, the assets topic, Prometheus."""
