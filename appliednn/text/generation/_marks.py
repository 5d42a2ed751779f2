"""The numbers that stand for no text, alike in every vocabulary."""

PAD, START, END = 0, 1, 2
N_MARKS = 3
