"""Which distribution brings a module that is missing. Pure.

Rule: only what is widely known is told. A module's name alone says nothing of who publishes under
it: what is mistyped, or private to somebody, must not become an offer to install a stranger's code.
"""

from __future__ import annotations

import re
from pathlib import Path

_MISSING = re.compile(r"No module named '([A-Za-z_]\w*)'")

_OF_ANOTHER_NAME = {
    "attr": "attrs",
    "Bio": "biopython",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "Crypto": "pycryptodome",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "git": "gitpython",
    "IPython": "ipython",
    "jwt": "pyjwt",
    "mpl_toolkits": "matplotlib",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "pkg_resources": "setuptools",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "umap": "umap-learn",
    "usb": "pyusb",
    "wx": "wxpython",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
_OF_THE_SAME_NAME = frozenset(
    """
    aiohttp altair anndata arviz astropy autograd black bokeh boto3 cartopy click cloudpickle
    cupy cvxpy cython dask datasets distributed emcee fastapi fiona flask folium fsspec
    geopandas gensim gymnasium h5py holoviews httpx hypothesis imageio ipywidgets jax jinja2
    joblib keras librosa lightgbm lmfit lxml matplotlib mpi4py mpmath msgspec mypy napari
    netCDF4 networkx nibabel nltk numba numexpr numpy openpyxl optuna orjson pandas patsy pint
    plotly polars psutil pyarrow pydantic pygments pyproj pytest pyvista pywt rasterio regex
    requests rich ruff scanpy scipy seaborn shapely sparse sqlalchemy statsmodels streamlit
    sympy tables tabulate tensorflow tensorly toolz torch torchvision tornado tqdm transformers
    trimesh ujson vtk xarray xgboost xlrd xlsxwriter zarr
    """.split()  # noqa: SIM905 - read as prose
)


def missing_distribution(error: str, message: str) -> str | None:
    """The distribution to install after an error; None if it is none for that, or not known."""
    match = _MISSING.fullmatch(message.partition(";")[0].strip())
    if error != "ModuleNotFoundError" or match is None:
        return None
    return distribution_of(match[1])


def distribution_of(module: str) -> str | None:
    """The distribution that a top-level module comes with, if that is widely known."""
    if module in _OF_THE_SAME_NAME:
        return module
    return _OF_ANOTHER_NAME.get(module)


def is_known(distribution: str) -> bool:
    """Whether a distribution is one of those that are offered."""
    return distribution in _OF_THE_SAME_NAME or distribution in _OF_ANOTHER_NAME.values()


def environment_of(python: str) -> str:
    """The folder of an interpreter's environment."""
    return str(Path(python).absolute().parent.parent)


def has_pip(python: str) -> bool:
    """Whether an interpreter's environment has pip, as far as its files say; nothing is run."""
    environment = Path(environment_of(python))
    if not (environment / "pyvenv.cfg").is_file():
        return True  # no virtual environment: its pip may be anywhere
    return any(environment.glob("lib*/python3*/site-packages/pip"))
