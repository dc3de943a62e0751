"""Check the catalogue and print a summary: python -m scripts.catalog."""

from scripts.catalog import main

main()
