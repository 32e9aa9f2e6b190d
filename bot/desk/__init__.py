"""The staff desk: one site at /desk with one login, one audit log and one table of pages (docs/decisions/0011)."""
