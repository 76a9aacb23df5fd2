"""Who may see what: sessions, passwords, throttling, scope."""
