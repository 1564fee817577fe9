"""run.xdmf shows the field where it is: a domain of x [10, 16], y [-5, -3] lies there in the plane z = 0, each cell has its
value at each time, in a run that was stopped and resumed as well. Run by ctest with the program's path, and with
`standard`, to read it as the XDMF standard says, or `paraview`, by the three readers of ParaView."""
import glob
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import numpy

if sys.argv[2] == "paraview":
    import paraview.simple
    import vtkmodules.util.numpy_support
else:
    import h5py

NX, NY, X, Y = 6, 4, (10, 16), (-5, -3)
DECK = """
title: a <b> & "c"
domain: {origin: [10, -5], size: [6, 2], cells: [6, 4]}
material: {diffusivity: 1e-30}
initial: {temperature: "x + 100*y"}
source: 1000
time: {end: 3, step: 0.25}
output: {every: 0.5}
"""


def run(directory, *options):
    code = subprocess.run([sys.argv[1], "run", "deck.yaml", "--progress", "none", "--set", "output.directory=" + directory,
                           *options], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL).returncode
    assert code == 0, code


def expected(time):
    """The temperature of the cells at a time, [NY][NX]: the initial one, and what the source has added."""
    x = X[0] + (numpy.arange(NX) + 0.5) * (X[1] - X[0]) / NX
    y = Y[0] + (numpy.arange(NY) + 0.5) * (Y[1] - Y[0]) / NY
    return x[None, :] + 100 * y[:, None] + 1000 * time


def check(reader, time, corners, cells, digits):
    """corners: [NY + 1][NX + 1] of x, y, z; cells: [NY][NX]."""
    x, y = numpy.meshgrid(numpy.linspace(*X, NX + 1), numpy.linspace(*Y, NY + 1))
    numpy.testing.assert_allclose(corners, numpy.stack([x, y, 0 * x], -1), rtol=1e-14, atol=1e-14, err_msg=reader)
    numpy.testing.assert_allclose(cells, expected(time), rtol=10.0 ** -digits, err_msg=f"{reader} at t = {time}")


def read_standard(path, digits):
    def values(item):
        file, dataset = item.text.strip().split(":")
        with h5py.File(os.path.join(os.path.dirname(path), file)) as data:
            found = data[dataset][:]
        shape = tuple(int(n) for n in item.get("Dimensions").split())
        assert found.shape == shape and found.dtype.itemsize == int(item.get("Precision")), (found.shape, found.dtype)
        return found

    root = xml.etree.ElementTree.parse(path).getroot()
    assert root.get("Version") == "3.0", root.attrib
    series = root.find("Domain/Grid")
    assert series.get("Name") == 'a <b> & "c"' and series.get("CollectionType") == "Temporal", series.attrib
    times = []
    for grid in series.findall("Grid"):
        times.append(float(grid.find("Time").get("Value")))
        topology, geometry, attribute = grid.find("Topology"), grid.find("Geometry"), grid.find("Attribute")
        assert topology.attrib == {"TopologyType": "2DSMesh", "Dimensions": f"{NY + 1} {NX + 1}"}, topology.attrib
        assert geometry.get("GeometryType") == "XY" and attribute.get("Center") == "Cell"
        points = values(geometry.find("DataItem")).reshape(NY + 1, NX + 1, 2)
        corners = numpy.concatenate([points, numpy.zeros((NY + 1, NX + 1, 1))], -1)
        check("standard", times[-1], corners, values(attribute.find("DataItem")), digits)
    return times


def read_paraview(name, path, digits):
    simple = paraview.simple
    reader = simple.XDMFReader(FileNames=[path]) if name == "XDMFReader" else getattr(simple, name)(FileName=[path])
    reader.UpdatePipelineInformation()
    times = [float(time) for time in numpy.atleast_1d(reader.TimestepValues)]
    for time in times:
        reader.UpdatePipeline(time)
        bounds = reader.GetDataInformation().GetBounds()
        numpy.testing.assert_allclose(bounds, (*X, *Y, 0, 0), rtol=1e-14, atol=1e-14, err_msg=name)
        data = paraview.servermanager.Fetch(reader)
        while data.IsA("vtkCompositeDataSet"):
            blocks = data.NewIterator()
            blocks.InitTraversal()
            data = blocks.GetCurrentDataObject()
        corners = numpy.array([data.GetPoint(n) for n in range(data.GetNumberOfPoints())])
        cells = vtkmodules.util.numpy_support.vtk_to_numpy(data.GetCellData().GetArray("temperature"))
        check(name, time, corners.reshape(NY + 1, NX + 1, 3), cells.reshape(NY, NX), digits)
    simple.Delete(reader)
    return times


def read(path, times, digits):
    if sys.argv[2] == "paraview":
        for name in ("Xdmf3ReaderS", "Xdmf3ReaderT", "XDMFReader"):
            found = read_paraview(name, path, digits)
            assert found == times, (name, found)
    else:
        found = read_standard(path, digits)
        assert found == times, found


with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    with open("deck.yaml", "w") as deck:
        deck.write(DECK)
    run("whole")
    read(work + "/whole/run.xdmf", [0, 0.5, 1, 1.5, 2, 2.5, 3], 12)
    run("parts", "--set", "time.end=1.1", "--set", "output.precision=float32", "--set", "output.compression=3")
    read(work + "/parts/run.xdmf", [0, 0.5, 1, 1.1], 6)
    # The shortened last step is no part of the longer run, and its snapshot goes.
    run("parts", "--resume")
    read(work + "/parts/run.xdmf", [0, 0.5, 1, 1.5, 2, 2.5, 3], 6)
    assert len(glob.glob("parts/snapshot-*.h5")) == 7
print("ok")
