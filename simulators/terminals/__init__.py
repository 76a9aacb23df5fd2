"""MQTT clients as terminals have them: one connection each, keeping what they said until it is acknowledged."""
