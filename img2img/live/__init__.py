"""A camera's picture, or a clip, is translated while it is shown."""
