"""Word vectors without training: the singular vectors of positive pointwise mutual information."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

# Contexts count by this power of their number, which takes weight from the rare ones.
_SMOOTHING = 0.75
# Of the randomised method for the vectors of large matrices.
_ITERATIONS = 5


def ppmi_matrix(pairs: np.ndarray, n_words: int) -> sp.csr_matrix:
    """Return max(0, log(p(word, context) / (p(word) p(context)))), sparse (n_words, n_words).

    Parameters
    ----------
    pairs : ndarray of int of shape (n_pairs, 2)
        Words and words near them.

    References
    ----------
    O. Levy, Y. Goldberg and I. Dagan, "Improving Distributional Similarity with Lessons Learned
    from Word Embeddings", TACL 2015.
    """
    ones = np.ones(len(pairs))
    counts = sp.coo_matrix((ones, (pairs[:, 0], pairs[:, 1])), (n_words, n_words)).tocsr()
    counts.sum_duplicates()
    words = np.asarray(counts.sum(axis=1)).ravel()
    contexts = np.asarray(counts.sum(axis=0)).ravel() ** _SMOOTHING
    contexts = contexts / max(contexts.sum(), 1e-300)
    rows = np.repeat(np.arange(n_words), np.diff(counts.indptr))
    counts.data = np.maximum(0.0, np.log(counts.data / (words[rows] * contexts[counts.indices])))
    counts.eliminate_zeros()
    return counts


def leading_vectors(matrix: sp.csr_matrix, dim: int, seed: int) -> np.ndarray:
    """Return left singular vectors times the roots of their values, float32 (n, dim).

    Columns beyond the matrix's size are 0. Each column's largest entry is positive. For large
    matrices vectors are approximate (N. Halko et al., SIAM Review 53, 2011).
    """
    n = matrix.shape[0]
    k = min(dim, n)
    if k >= n - 1 or n <= 200:
        u, s, _ = np.linalg.svd(matrix.toarray(), full_matrices=False)
    else:
        from sklearn.utils.extmath import randomized_svd

        u, s, _ = randomized_svd(matrix, k, n_iter=_ITERATIONS, random_state=seed)
    vectors = u[:, :k] * np.sqrt(s[:k])
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(k)])
    out = np.zeros((n, dim), dtype=np.float32)
    out[:, :k] = vectors * np.where(signs == 0, 1.0, signs)
    return out
