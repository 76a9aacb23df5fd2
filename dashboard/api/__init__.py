"""The REST routers, one noun a module."""
