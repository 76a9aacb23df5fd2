"""The report of a load run: what was sent, what came back, how long it took and what it cost."""
