"""What turns images into features, so that sets of images can be compared: one small contract, and networks behind it by name."""
