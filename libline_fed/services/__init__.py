"""Use cases, one file per noun: load, rule, save, record, in one transaction."""
