"""What inventory does with messages: the only place that knows their protobuf form."""
