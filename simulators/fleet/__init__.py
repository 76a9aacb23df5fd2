"""The fleet: a crowd's reports over thousands of connections of one process (`python -m simulators.fleet PLAN`)."""
