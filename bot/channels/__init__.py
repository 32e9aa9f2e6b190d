"""Where residents come in: each channel verifies, drops repeats and turns its messages into turns."""
