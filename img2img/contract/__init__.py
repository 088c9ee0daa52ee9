"""This package holds the classes that plugins implement, and the hooks that register them."""
