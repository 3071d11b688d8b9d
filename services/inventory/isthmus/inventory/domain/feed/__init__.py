"""Following what happens: how complete we are, live changes, what became of an observation."""
