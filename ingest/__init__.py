"""Packets in, committed positions out."""
