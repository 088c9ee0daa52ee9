"""This package defines what a clip is, and reads and writes the clips that are not video files."""
