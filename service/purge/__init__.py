"""What was deleted long ago, and what nothing refers to any more, goes for good."""
