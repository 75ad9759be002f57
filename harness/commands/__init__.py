"""The commands of `bench`, one module each. A module imports nothing heavy until its command runs."""
