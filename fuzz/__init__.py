"""Fuzzing: what reads bytes from anyone, against inputs that nobody thought of."""
