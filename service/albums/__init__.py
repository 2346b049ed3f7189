"""Albums, and the tracks on them."""
