"""The conductor of a load run: starts the workers, plays the scenario's events, and audits what came of it."""
