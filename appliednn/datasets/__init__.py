"""Data sets that ship, scikit-learn's, files and databases, and the data contract."""
