"""Commands of `dibs` that are no slice's and no server's."""
