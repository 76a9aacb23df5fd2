"""A mobile operator's SMS centre that does not exist: SMPP 3.4 for those who send, and all trouble that operators make.

Bytes become PDUs in `stream` and `codec` (no I/O); the session's moves are a table in `sessions`; what becomes of a
message is drawn in `fates` from seed, number, content and attempt alone. `desk` decides, with the time as an argument;
`link`, `clerk`, `postman` and `centre` do the I/O. Nothing is shared with the product's own SMPP side: two readings of
one standard find more than one.
"""
