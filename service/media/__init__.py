"""Files that the server reads itself: sent to it, or below its media roots."""
