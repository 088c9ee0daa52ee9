"""Parts that two or more families share: networks, resampling, losses, feature extractors, metrics, schedules."""
