"""merchant: charter to come."""
