"""How good a model is: figures on images, beside those of a simple way to the same end."""
