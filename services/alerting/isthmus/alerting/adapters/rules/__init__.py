"""Where rules and what they need to know come from."""
