# MPI, and the parallel HDF5 that was built with it: MPI::MPI_C, HDF5_*, MPIEXEC_EXECUTABLE.

# Debian has several MPIs side by side, as mpicc.NAME, mpiexec.NAME and h5pcc.NAME: what belongs to the one that was asked
# for is taken, unless it was named, too.
if(NOT HDF5_FOUND AND NOT MPI_C_FOUND)
  set(names mpicc)
  if(MPI_C_COMPILER)
    set(names ${MPI_C_COMPILER})
  elseif(CMAKE_C_COMPILER MATCHES "/mpicc[^/]*$")
    set(names ${CMAKE_C_COMPILER})
  endif()
  find_program(heat2d_mpi_wrapper NAMES ${names})
  mark_as_advanced(heat2d_mpi_wrapper)
  set(wrapper "${heat2d_mpi_wrapper}")
  while(IS_SYMLINK "${wrapper}" AND NOT wrapper MATCHES "/mpicc\\.[a-z0-9]+$")
    file(READ_SYMLINK "${wrapper}" target)
    get_filename_component(folder "${wrapper}" DIRECTORY)
    get_filename_component(wrapper "${target}" ABSOLUTE BASE_DIR "${folder}")
  endwhile()
  if(wrapper MATCHES "^(.*)/mpicc\\.([a-z0-9]+)$")
    find_program(MPIEXEC_EXECUTABLE NAMES mpiexec.${CMAKE_MATCH_2} HINTS ${CMAKE_MATCH_1})
    if(NOT HDF5_ROOT AND NOT DEFINED ENV{HDF5_ROOT})
      find_program(HDF5_C_COMPILER_EXECUTABLE NAMES h5pcc.${CMAKE_MATCH_2} HINTS ${CMAKE_MATCH_1})
    endif()
    foreach(found MPIEXEC_EXECUTABLE HDF5_C_COMPILER_EXECUTABLE)
      if(NOT ${found})
        unset(${found} CACHE) # the modules look for themselves
      endif()
    endforeach()
  endif()
endif()

find_package(MPI COMPONENTS C)
if(NOT MPI_C_FOUND)
  message(FATAL_ERROR "heat2d needs MPI: install libopenmpi-dev (Debian), or load or 'spack install' openmpi")
endif()
set(HDF5_PREFER_PARALLEL ON)
find_package(HDF5 COMPONENTS C HL)
if(NOT HDF5_FOUND)
  message(FATAL_ERROR "heat2d needs parallel HDF5: install libhdf5-openmpi-dev (Debian), or load or 'spack install hdf5 +mpi +hl'")
endif()
if(NOT HDF5_IS_PARALLEL)
  message(FATAL_ERROR "The HDF5 that was found (${HDF5_C_LIBRARIES}) is a serial one, and heat2d writes one file from all "
    "ranks: install libhdf5-openmpi-dev (Debian), or load or 'spack install hdf5 +mpi +hl'; where both are installed "
    "point to the parallel one with -DHDF5_ROOT=PREFIX")
endif()

set(heat2d_other_hdf5 "Take the MPI of that HDF5 with -DMPI_C_COMPILER=MPICC, or an HDF5 of that MPI with "
  "-DHDF5_ROOT=PREFIX (on Debian: -DHDF5_C_COMPILER_EXECUTABLE=/usr/bin/h5pcc.NAME), in a new build directory. On a "
  "cluster, load the HDF5 module that belongs to the MPI module.")
string(CONCAT heat2d_other_hdf5 ${heat2d_other_hdf5})

# The libraries that a program loads and that offer MPI_Init, into `result`: more than one means that HDF5 has an MPI of
# its own. Empty where the system has no tools to tell.
function(heat2d_mpi_libraries program result)
  set(found "")
  find_program(heat2d_ldd ldd)
  mark_as_advanced(heat2d_ldd)
  if(heat2d_ldd AND CMAKE_NM)
    execute_process(COMMAND ${heat2d_ldd} ${program} OUTPUT_VARIABLE loaded ERROR_QUIET)
    string(REGEX MATCHALL "=> [^\n]*/lib[^/\n]*mpi[^/\n]* \\(" loaded "${loaded}")
    foreach(line ${loaded})
      string(REGEX REPLACE "^=> (.*) \\($" "\\1" library "${line}")
      get_filename_component(library "${library}" REALPATH)
      execute_process(COMMAND ${CMAKE_NM} -D --defined-only ${library} OUTPUT_VARIABLE symbols ERROR_QUIET)
      if(symbols MATCHES "[TWi] MPI_Init[@\n]")
        list(APPEND found ${library})
      endif()
    endforeach()
    list(REMOVE_DUPLICATES found)
  endif()
  set(${result} "${found}" PARENT_SCOPE)
endfunction()

# Both in one program, as heat2d has them. Two MPIs link, and abort when the program runs.
function(heat2d_check_mpi_of_hdf5)
  set(pair "${MPI_C_COMPILER};${MPI_C_LIBRARIES};${HDF5_C_LIBRARIES}")
  if("${heat2d_checked_pair}" STREQUAL "${pair}")
    return()
  endif()
  set(folder ${CMAKE_BINARY_DIR}/CMakeFiles/parallel_hdf5)
  file(WRITE ${folder}/both.c "
#include <hdf5.h>
#include <mpi.h>
int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  const int failed = H5Pset_fapl_mpio(access, MPI_COMM_WORLD, MPI_INFO_NULL) < 0;
  H5Pclose(access);
  MPI_Finalize();
  return failed;
}
")
  try_compile(links ${folder}/build ${folder}/both.c CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${HDF5_INCLUDE_DIRS}"
    LINK_LIBRARIES MPI::MPI_C ${HDF5_C_LIBRARIES} OUTPUT_VARIABLE said COPY_FILE ${folder}/both)
  unset(links CACHE)
  list(GET HDF5_C_LIBRARIES 0 hdf5)
  if(NOT EXISTS ${folder}/both)
    string(REGEX MATCH "[^\n]*(undefined|error)[^\n]*" first "${said}")
    message(FATAL_ERROR "No program can be made with this MPI (${MPI_C_COMPILER}) and this HDF5 (${hdf5}) together: "
      "${first}\n${heat2d_other_hdf5}")
  endif()
  heat2d_mpi_libraries(${folder}/both libraries)
  list(LENGTH libraries count)
  if(count GREATER 1)
    list(JOIN libraries ", " libraries)
    message(FATAL_ERROR "The HDF5 that was found (${hdf5}) was built with another MPI than the one that was found "
      "(${MPI_C_COMPILER}): a program would load both (${libraries}) and abort.\n${heat2d_other_hdf5}")
  endif()
  set(heat2d_checked_pair "${pair}" CACHE INTERNAL "MPI and HDF5 that belong together")
endfunction()
heat2d_check_mpi_of_hdf5()
