"""The portraits of methods: each its own picture from W to W', drawn before a visit.

A module says in `portrait` which kind shows its hypothesis, and what one sees there. The kinds are
functions of this package: they make a small weight, let the module's own adapter change it, and
return what is to be seen at every moment of the way. `demos/portrait` draws that.

The results are `.build/portraits/<slug>-portrait.json`, which the browser plays, and `drawn.json`,
the drawings at W' for pages.
"""
