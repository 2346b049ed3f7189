"""Suggest: names of all kinds, as they are typed and as whole queries."""
