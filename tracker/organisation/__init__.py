"""The organisation as its people change it: units, members, terminals, teams, rosters, contacts, role sets."""
