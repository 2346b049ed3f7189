"""Tracks: the recordings of the catalogue, and everything that belongs to one."""
