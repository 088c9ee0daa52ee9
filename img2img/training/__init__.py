"""A run is one training: the loop, its checkpoints, and the files that it leaves."""
