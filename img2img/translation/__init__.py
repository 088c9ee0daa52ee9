"""A job: images in, batches through a model, images out, with tiles, resume and a report."""
