"""Detection of out-of-distribution images with ODIN (Liang, Li & Srikant, ICLR 2018).

>>> import odin
>>> verdicts = odin.Detector("detector.h5").detect(images)  # uint8 (n, 32, 32, 3)
>>> images[~verdicts.in_distribution]
>>> scores = odin.Network("densenet10.h5").scores(images, temperature=1000, magnitude=0.0014)
>>> scores["odin"], scores["energy"]
"""
from ._odin import Detector, Error, Network, __version__

__all__ = ["Detector", "Error", "Network", "__version__"]
