"""The dashboard's SQL: one function a statement, the connection first."""
