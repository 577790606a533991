"""Rows about one hot event besides the first table: other ways in, other loads beside it, other sizes."""
