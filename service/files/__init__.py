"""Files: where the bytes of the tracks are, and whether they are still there."""
