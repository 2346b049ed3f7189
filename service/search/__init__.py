"""Search: finds what people mean, typos and all."""
