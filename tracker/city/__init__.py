"""An example city, the files a city comes in, and its way into an empty database."""
