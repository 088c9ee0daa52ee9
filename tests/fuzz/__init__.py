"""This package puts mutated files through every reader: `python -m tests.fuzz`."""
