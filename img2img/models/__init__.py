"""Model files, the folders that hold them by name, their cards, and checkpoints of other programs."""
