"""Search kept true to the catalogue, whatever happened to either."""
