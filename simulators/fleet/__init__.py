"""The fleet: a crowd's reports over thousands of connections in one lean process (`python -m simulators.fleet PLAN`)."""
