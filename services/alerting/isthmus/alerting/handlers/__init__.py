"""Reports, deadlines and people's acts become events of alarms; protobuf stays in here."""
