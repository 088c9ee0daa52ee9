"""A job translates files: images and clips in, images and clips out, with resume and a report."""
