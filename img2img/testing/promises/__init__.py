"""The promises of the contract, a module for each kind of extension; those of families have parts.

The module that a kind names has a function `subject_of` and a list `PROMISES`.
"""
