"""Fonoteca: a music catalogue as one gRPC service over PostgreSQL."""
