"""This package reads and writes model files and their cards, finds models by name, and opens foreign checkpoints."""
