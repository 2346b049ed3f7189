"""How duplicates of any kind are found, page by page."""
