# A gain for every output keeps where neurons point
import numpy as np

from adapters_np.linalg import row_norms
from demos.probe import measure

change = measure("ia3", {"step": 0.25})
before, after = row_norms(change.before), row_norms(change.after)
cosine = (change.before * change.after).sum(axis=1) / (before * after)
print("lengths of the first neurons:", before[:5].round(2), "→", after[:5].round(2))
print("cosines between before and after:", np.unique(cosine.round(12)))
print("rank of the change:", np.linalg.matrix_rank(change.delta), "of", len(change.sigma))
