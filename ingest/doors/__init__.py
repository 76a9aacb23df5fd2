"""The front doors: how packets come in and how downlink goes out. They know MQTT, and nothing of positions."""
