"""SQL of ingest: one function per statement, the connection first."""
