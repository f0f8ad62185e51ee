"""Weighbridge timed beside other engines on generated rules: `python -m benchmarks`."""
