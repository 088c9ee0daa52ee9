"""Image files: what their headers say, decoding, encoding, and what they hold beside the pixels."""
