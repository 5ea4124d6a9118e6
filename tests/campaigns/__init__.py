"""Campaigns: real processes under load, killed, starved and cut off, and then held against what they had been told.

``python -m tests.campaigns NAME`` runs one at length, ``make chaos`` all of them; `test_campaigns.py` runs each shortly.
A campaign prints its figures, then what is wrong, and ends with 1 where anything is.
"""
