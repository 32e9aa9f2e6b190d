"""Places of the district: found in what residents say, and the legal advisors of each village."""
