"""Connections, migrations and the optional TimescaleDB."""
