"""Honest strangers: terminals, fleets and replayed reality; they know the wire format and nothing else."""
