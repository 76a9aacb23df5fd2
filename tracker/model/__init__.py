"""The nouns: pure values and rules, without I/O, clock or settings."""
