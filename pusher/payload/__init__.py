"""The contract as data: what a payload must look like, and what follows from it.

`model` holds the facts, `load` reads them from TOML, `checks` turns them into SQL that judges rows,
`projection` into SQL that nests columns, `validate` judges a finished JSON body.
"""
