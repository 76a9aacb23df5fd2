"""People at the desk of the command centre, over HTTP as the web app does it: they look, and they warn."""
