"""Errors, paths, locks, atomic writes, and the values that go into and come out of the engine."""
