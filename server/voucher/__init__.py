"""voucher: charter to come."""
