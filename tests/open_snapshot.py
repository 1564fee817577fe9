"""A snapshot opens in xarray (h5netcdf) and h5py: coordinates, units, values. Run by ctest with the program's path."""
import glob
import subprocess
import sys
import tempfile

import h5py
import numpy
import xarray

DECK = """
domain: {origin: [1, 2], size: [3, 2], cells: [12, 7]}
material: {diffusivity: 1}
initial: {temperature: "x + 10*y"}
time: {end: 1e-9}
"""

with tempfile.TemporaryDirectory() as work:
    with open(work + "/deck.yaml", "w") as deck:
        deck.write(DECK)
    for precision, digits in (("float64", 12), ("float32", 5)):
        out = f"{work}/{precision}"
        subprocess.run([sys.argv[1], "run", work + "/deck.yaml", "--progress", "none", "--set", f"output.directory={out}",
                        "--set", f"output.precision={precision}", "--set", "output.compression=4"],
                       check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        first = sorted(glob.glob(out + "/snapshot-*.h5"))[0]
        with xarray.open_dataset(first, engine="h5netcdf") as data:
            u = data["temperature"]
            assert u.dims == ("y", "x") and u.shape == (7, 12), (u.dims, u.shape)
            assert u.attrs["units"] == "K" and data["x"].attrs["units"] == "m", u.attrs
            numpy.testing.assert_allclose(data["x"].values, 1 + (numpy.arange(12) + 0.5) * 0.25, rtol=1e-14)
            numpy.testing.assert_allclose(u.values, (data["x"] + 10 * data["y"]).transpose("y", "x").values,
                                          rtol=10.0 ** -digits)
            assert data.attrs["step"] == 0 and data.attrs["time"] == 0, data.attrs
        with h5py.File(first) as file:
            assert file["temperature"].dtype == precision, file["temperature"].dtype
            assert file["temperature"].dims[0][0].name == "/y"
print("ok")
