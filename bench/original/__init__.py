"""The baseline: redeeming on the stack of the original system, FastAPI with SQLAlchemy and one row lock a voucher.

It is written to be good, so that the ratio is worth something: asynchronous throughout, one query to find and lock a voucher,
a connection pool of 20, prepared statements kept, uvloop and (where it is installed) httptools, warm before it is measured.
It does less than Party Dibs does: no ledger, no order of entries, no counters, no stored refusals.
"""
