"""The plugin host: what is installed, what of it can be used, and how more is installed."""
