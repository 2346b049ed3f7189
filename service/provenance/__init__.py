"""Who says what a track is, field by field: sources, locks, conflicts and undo."""
