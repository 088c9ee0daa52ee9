"""A network on pictures: device, sizes, channels, filters, tiles, batches."""
