"""Translating what a camera sees, or a clip plays, while it happens."""
