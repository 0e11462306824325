"""Cold start: the seed's MLP, once."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import torch
from common import fill
T = lambda seed, shape, s=1.0: torch.from_numpy(fill(seed, shape, s))
with torch.inference_mode():
    h = torch.relu(T(1, [2, 20]) @ T(2, [20, 256], 0.2) + T(3, [256], 0.2))
    print((h @ T(4, [256, 10], 0.06) + T(5, [10], 0.06))[0, 0].item())
