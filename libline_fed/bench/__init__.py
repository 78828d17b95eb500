"""Measures an instance from outside: a load generator, a sink, the thin bound. See `cli/bench.py`."""
