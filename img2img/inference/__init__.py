"""A network is run on pictures: on a device, with sizes, channels, filters, tiles and batches taken care of."""
