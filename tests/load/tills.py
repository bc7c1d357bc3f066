"""Redemptions per second: cashiers of many shops redeem distinct vouchers, through the full route."""
