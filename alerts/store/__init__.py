"""The statements of warning: one function each, set-based; the caller's transaction is the unit of work."""
