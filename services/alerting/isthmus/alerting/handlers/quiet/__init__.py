"""Holds alarms back by design, and lets them go again."""
