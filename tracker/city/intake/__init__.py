"""A city's files into a city's database: read, checked, repaired where that is safe, compared, reported, applied."""
