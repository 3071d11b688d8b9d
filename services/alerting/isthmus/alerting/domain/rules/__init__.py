"""Which alarms there can be, and what a report says of each of them."""
