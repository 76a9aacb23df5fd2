"""Gateways over HTTP, each by a description: how it is asked, signed to, understood, and how it calls back."""
