"""What people see and press: REST, WebSocket and the web app."""
