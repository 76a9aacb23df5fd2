"""Descriptions that come with Gridwarden, by the operators' public documents."""
