# %% [markdown]
# # The Bessel function J0 and its integral representation
#
# Figure 8 of *IPython: A System for Interactive Scientific Computing*. For every x
#
#     J0(x) = 1/π ∫₀^π cos(x sin φ) dφ
#
# which is checked here at several points, by numerical integration.

# %% The integral, by quadrature
from math import pi

import matplotlib.pyplot as plt
import numpy as np
from scipy.integrate import quad
from scipy.special import j0


def j0_integral(x):
    """J0(x) by its integral representation."""
    value, _ = quad(lambda phi: np.cos(x * np.sin(phi)), 0, pi)
    return value / pi


j0_integral(1.0)

# %% The library's own value at the same point
j0(1.0)

# %% Twenty points: how far are the two apart?
x = np.linspace(0, 20, 200)
points = np.linspace(0, 20, 20)
integrals = np.array([j0_integral(point) for point in points])
np.abs(integrals - j0(points)).max()

# %% The same to ten digits, then, at every point
bool(np.allclose(integrals, j0(points), atol=1e-10))

# %% Both of them, and a 32×32 random array
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
left.plot(x, j0(x), label="scipy.special.j0")
left.plot(points, integrals, "o", label="the integral")
left.set_title("J0(x) and its integral representation")
left.set_xlabel("x")
left.legend()

noise = np.random.default_rng(2007).random((32, 32))
right.imshow(noise)
right.set_title("a random array")
noise.shape, round(float(noise.mean()), 3)
