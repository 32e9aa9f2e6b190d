"""Measuring a release on golden questions: ``run.run`` is the whole of it, tests/golden/README.md tells about the rows."""
