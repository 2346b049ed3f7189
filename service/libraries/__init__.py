"""Libraries: the boundaries of ownership."""
