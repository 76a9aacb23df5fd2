"""The kernel: units, members, grids, positions, presence; database, migrations and bus."""
