# A recipe for Spack. It is taken from the source tree that it is a part of:
#
#     mkdir -p REPO/packages/heat2d
#     printf 'repo:\n  namespace: local\n' >REPO/repo.yaml
#     ln -s "$PWD/scripts/spack/package.py" REPO/packages/heat2d/
#     spack repo add REPO && spack install heat2d
import os

from spack.package import *


class Heat2d(CMakePackage):
    """heat2d steps the heat equation on a rectangle with conservative finite differences, on any number of MPI ranks.
    Its results depend on the input file alone, to the last bit, and its runs can be stopped and resumed at any time."""

    git = "file://" + os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))

    license("BSD-3-Clause")

    version("main", branch="main")

    variant("native", default=False, description="Compile for the processor of this machine alone")

    depends_on("c", type="build")
    depends_on("cmake@3.20:", type="build")
    depends_on("pkgconfig", type="build")

    depends_on("mpi")
    depends_on("hdf5@1.10.2: +mpi +hl")
    depends_on("libyaml")
    depends_on("muparser")
    depends_on("libpng")
    depends_on("xxhash")
    depends_on("cairo +pdf +svg +ft +fc")
    depends_on("pango")
    depends_on("llvm-openmp", when="%apple-clang")

    depends_on("cmocka", type="test")

    def cmake_args(self):
        return [
            self.define_from_variant("HEAT2D_NATIVE", "native"),
            self.define("HEAT2D_TESTS", self.run_tests),
        ]

    def check(self):
        # Not the long campaigns, nor those that need a batch system and root.
        with working_dir(self.build_directory):
            ctest("--output-on-failure", "-LE", "campaign|pbs")
