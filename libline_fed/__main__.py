"""`python -m libline_fed` is `libline`."""

from libline_fed.cli import main

main()
