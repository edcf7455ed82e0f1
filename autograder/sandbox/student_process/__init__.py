"""Run beside student code: cells, outputs, and answers to calls from the checking process."""
