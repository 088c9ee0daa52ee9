"""What two or more families share: resampling, losses, feature extractors, metrics, schedules, averaging."""
