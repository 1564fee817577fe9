"""A snapshot opens in xarray (h5netcdf) and h5py: coordinates, units, values; and all of a run with dask, as a series in
time. Run by ctest with the program's path."""
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
            assert "time" in data.coords and float(data["time"]) == 0 and data["time"].attrs["units"] == "s", data
        with h5py.File(first) as file:
            assert file["temperature"].dtype == precision, file["temperature"].dtype
            assert file["temperature"].dims[0][0].name == "/y"
            assert file["temperature"].shape == (7, 12) and float(file["time"][()]) == 0

    # A stripe that heats up by 2 K in each second.
    out = work + "/series"
    subprocess.run([sys.argv[1], "run", work + "/deck.yaml", "--progress", "none", "--set", f"output.directory={out}",
                    "--set", "material.diffusivity=1e-30", "--set", "source=2", "--set", "time.step=0.25",
                    "--set", "time.end=2", "--set", "output.every=0.5"], check=True, stdout=subprocess.DEVNULL,
                   stdin=subprocess.DEVNULL)
    times = numpy.array([0, 0.5, 1, 1.5, 2])
    files = out + "/snapshot-*.h5"
    for options in ({"combine": "nested", "concat_dim": "time"}, {}, {"engine": "h5netcdf"}):
        with xarray.open_mfdataset(files, **options) as data:
            u = data["temperature"]
            assert u.dims == ("time", "y", "x") and u.shape == (5, 7, 12) and u.chunks is not None, (options, u)
            numpy.testing.assert_array_equal(data["time"].values, times)
            assert data["time"].attrs["units"] == "s", data["time"].attrs
            first = (data["x"] + 10 * data["y"]).transpose("y", "x").values
            numpy.testing.assert_allclose(u.sel(time=1.5).values, first + 3, rtol=1e-12)
            numpy.testing.assert_allclose(u.values, first + 2 * times[:, None, None], rtol=1e-12)
print("ok")
