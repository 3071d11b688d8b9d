"""Reports, timers and people's acts become events of alarms; the only place that touches protobuf."""
