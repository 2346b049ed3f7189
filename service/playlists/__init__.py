"""Playlists: ordered lists of tracks that many can edit at once."""
