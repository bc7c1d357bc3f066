"""risk: split orders and sham orders (P-06.7): refused where certain, a case where likely.

placeholder
"""
