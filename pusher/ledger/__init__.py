"""What was sent and what became of it: SQLite for runs, files, batches and attempts, Parquet for keys.

`state` is the folder, its lock and its files; `store` the SQLite side; `reconcile` compares planned rows
with every key the ledger holds; `views` is the read-only picture for people.
"""
