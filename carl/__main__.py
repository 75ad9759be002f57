"""`python -m carl`, which torchrun starts."""

from carl.cli import main

main()
