"""From a destination view to a receipt.

`plan` freezes the rows that are due, `encode` turns frozen rows into request bodies, `deliver` sends them,
`settle` shrinks finished parts to keys, `receipt` adds up. `push` runs them in this order.
"""
