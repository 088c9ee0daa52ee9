"""This package finds, imports and registers plugins, and installs and removes them."""
