"""The ground floor: what sources print, runs show and files count, and what follows from it.

It knows no page, no HTML and no build.
"""
