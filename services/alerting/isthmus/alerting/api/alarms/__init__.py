"""The HTTP interface to alarms."""
