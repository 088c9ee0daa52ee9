"""An evaluation says how good a model is, by figures beside those of a simple method for the same task."""
