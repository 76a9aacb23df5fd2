"""Encoded batches and doorbells between programs; never the truth."""
