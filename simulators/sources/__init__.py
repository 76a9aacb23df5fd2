"""Recordings of real movement, read as what a terminal would have sent: GPX, NMEA 0183, OwnTracks recorder files."""
