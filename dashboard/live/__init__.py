"""The live map: state in memory, frames, the WebSocket."""
