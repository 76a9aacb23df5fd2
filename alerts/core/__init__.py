"""The rules of warning: values in, values out; no clock, no database, no network."""
