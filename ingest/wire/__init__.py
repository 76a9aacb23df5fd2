"""The wire format: bytes of a payload become typed reports, or refusals with a reason. Pure."""
