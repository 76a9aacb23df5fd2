"""A client of operators' SMS centres, SMPP 3.4: the protocol as pure values and tables, and one session over it."""
