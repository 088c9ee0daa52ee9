"""The health of a training: figures, what they show, and what may help."""
