"""Mirror statistics: two views of one flow or stock, cell by cell."""
