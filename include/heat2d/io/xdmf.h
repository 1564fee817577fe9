/* run.xdmf: the snapshots of a run as one time series, for ParaView, VisIt and other programs. All functions are Local
 * and called by rank 0.
 *
 * The points of the mesh are the corners of the cells. A domain x in [10, 16], y in [-5, -3] has to appear at this
 * place, in the plane z = 0, in every program. XDMF has several ways to describe such a mesh. In ParaView 5.11 with its
 * three readers (Xdmf3ReaderS, Xdmf3ReaderT, XDMFReader) they give:
 *
 *     2DCORECTMesh     wrong in all three: it lies in the plane of y and z
 *     3DCORECTMesh,    right in the first two; the third cannot read a dataset of two dimensions with them
 *     3DRectMesh
 *     2DRectMesh       right in all three; but servermanager.Fetch of ParaView's Python, which
 *                      fails for any rectilinear grid, gives wrong coordinates and values
 *     2DSMesh          right in all three, and with Fetch
 *
 * So 2DSMesh is used. Its points are written once, to grid.hdf5, compressed to 3 MB for 2048 x 2048 cells. For more
 * than HEAT_XDMF_POINTS points reading them would take longer than reading the field, and 2DRectMesh is used, for which
 * grid.hdf5 contains the edges of the columns and of the rows. */
#ifndef HEAT2D_XDMF_H
#define HEAT2D_XDMF_H

#include "heat2d/deck/problem.h"

enum { HEAT_XDMF_POINTS = 1 << 22 };

typedef struct heat_xdmf_entry {
  int64_t step;
  double time; /* s */
  bool single; /* its temperature is float32 */
} heat_xdmf_entry;

typedef struct heat_xdmf {
  const heat_problem *problem;   /* borrowed */
  const char *directory, *title; /* borrowed */
  heat_xdmf_entry *entries;
  int64_t count, room; /* number of entries, and for how many there is memory */
  int64_t most_points; /* largest number of points of a 2DSMesh; 0: HEAT_XDMF_POINTS */
  int64_t end;         /* position of the closing tags in the file; 0: the whole file has to be written */
} heat_xdmf;

/* Begin the series with the existing snapshots of a directory, in ascending order of their steps, and write grid.hdf5
 * and run.xdmf; without snapshots run.xdmf is removed. `entries` is copied. HEAT_IO. */
heat_status heat_xdmf_open(heat_xdmf *xdmf, const heat_xdmf_entry *entries, int64_t count);
void heat_xdmf_close(heat_xdmf *xdmf);

/* Append a snapshot to the series; a snapshot with the step of the last one replaces it. The file is extended, so that
 * the cost of a snapshot does not depend on their number, and it is well-formed at any time, also after a kill and on a
 * full disk. HEAT_IO. */
heat_status heat_xdmf_add(heat_xdmf *xdmf, heat_xdmf_entry entry);

#endif
