"""The data spaces: what generators learn, and the way from images to points of a space and back."""
