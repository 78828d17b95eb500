"""Measures an instance from outside: a load generator, a sink, the thin bound; `cli/bench.py` is the command."""
