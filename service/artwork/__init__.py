"""Pictures of albums and tracks."""
