"""A run: the loop, its checkpoints, and what it leaves to look at."""
