"""Finds the tracks that another system describes: by identifier, by name, by likeness."""
