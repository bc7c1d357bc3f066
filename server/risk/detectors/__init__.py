"""Finding what is out of line: signs of single redemptions, of people together, and the score.

Pure functions of redemptions and rules, in three steps. `town.py` counts what is usual in the whole
district; `marks.py` and `company.py` give each redemption its signs against that; `scoring.py`
compares each merchant's share of every sign with its peers' shares and combines what is out of
line. No scheme has code of its own: a scheme nobody has thought of shows as a rare combination.
"""
