"""Ingest under pressure: the product, the bare path that is its ceiling, and the naive way, under one generator."""
