"""The baseline: redeeming on the original system's stack, FastAPI and SQLAlchemy with a row lock a voucher.

It is written as such systems are, with repositories on the ORM's unit of work (`repositories`), and it is written well,
so that the ratio is worth something: asynchronous throughout, one query to find and lock a voucher with all that the
judgement needs, a pool of 20 connections, prepared statements kept, uvloop and httptools, warm before it
is measured. It does less than Party Dibs does: no ledger, no order of entries, no counters, no
stored refusals, and nobody watches. `statements` is the same with hand-written statements instead, measured beside it.
"""
