"""Quiet without deafness: what need not call a person now, and how much does."""
