"""The rules between a packet and what is committed: pure functions and tables, most of them on columns."""
