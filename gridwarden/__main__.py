"""`python -m gridwarden` is the command `gridwarden`."""

from gridwarden.cli import main

main()
