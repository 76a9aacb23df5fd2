"""Who must know what, and whether they were told."""
