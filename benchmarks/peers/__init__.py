"""Hand-written programs for the same companies, as honest opponents of the engine (benchmarks/README.md).

Importing this sets what a numpy reads when it is loaded, so it comes before numpy: one thread; and no OPENBLAS_CORETYPE or
OPENBLAS_L2_SIZE, which some machines set for old builds and which slow a current one.
"""

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(_name, None)
