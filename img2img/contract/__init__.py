"""What a plugin implements: families, trainers, filters, importers, clips, and the hooks that register them."""
