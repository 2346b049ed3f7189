"""Artists, and the credits that name them."""
