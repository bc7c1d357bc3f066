"""claim: charter to come."""
