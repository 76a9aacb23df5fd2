"""The transitions of an alert. Each function does its part inside the caller's one transaction."""
