"""The front door: command line, settings, composition roots and the embedded PostgreSQL."""
