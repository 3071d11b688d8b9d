"""Where alarms are kept."""
