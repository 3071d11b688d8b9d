"""Transitions become deliveries, and deliveries reach their receivers."""
