"""Three simulated sites, real Kafka, a real store and the four services on one machine."""
