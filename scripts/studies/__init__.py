"""Longer computations, run by hand; their results are committed."""
