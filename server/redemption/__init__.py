"""redemption: charter to come."""
