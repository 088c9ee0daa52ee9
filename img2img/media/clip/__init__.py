"""Clips that are no video files, and what all clips have in common."""
