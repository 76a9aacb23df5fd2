"""The same fleet against what a user would pick instead, and a report with a column for each."""
