"""Batches of packets become rows in one transaction; then, and only then, they are settled and told to the bus."""
