"""How simulated people move and what their receivers make of it: a pure function of seed, terminal and time."""
