"""This package reads the headers of image files, decodes and encodes their pixels, and keeps their metadata."""
