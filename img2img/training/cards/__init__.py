"""The model card of a run, and the pictures beside it."""
