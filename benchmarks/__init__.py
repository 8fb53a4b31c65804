"""Measures pusher against the simplest program that does the same work, in the same run.

    python -m benchmarks [--events 1000000] [--only NAME ...] [--json FILE]

Every figure is held against a baseline whose rounds alternate with ours, each in a fresh process, so that what
else the machine does hits both. This process imports nothing heavy: a child starts with its parent's peak memory.
"""
