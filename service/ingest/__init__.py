"""Ways in: tables and audio files become tracks, and tracks go to the server as an import.

All of this runs in the client. `tables` and `files` read, `client` sends; what they have in common
is a stream of tracks, each with the place where it was found, so that whatever is refused can be
shown to the person who has to mend it.
"""
