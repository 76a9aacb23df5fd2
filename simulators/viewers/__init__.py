"""Many viewers of the live map in one process, each a WebSocket as a browser's, who check what they are shown."""
