"""The store, Kafka's topic list, seed files and metrics, each behind one small class."""
