"""SQL that several programs share: one function per statement, the connection first."""
