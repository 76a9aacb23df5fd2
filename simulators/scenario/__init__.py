"""Scenarios: what a load test plays, written as YAML by an operator, read into typed structs. Knows nobody else."""
