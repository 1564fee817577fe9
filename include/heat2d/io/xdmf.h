/* run.xdmf: the snapshots of a run as one series in time, for ParaView, VisIt and others. Rank 0 calls; all Local.
 *
 * The mesh that the file describes has the corners of the cells as its points. A domain of x [10, 16] and y [-5, -3]
 * has to lie just there, in the plane z = 0, in every program. Of the ways in which XDMF can say it, tried in
 * ParaView 5.11 with its three readers (Xdmf3ReaderS, Xdmf3ReaderT, XDMFReader):
 *
 *     2DCORECTMesh     wrong in all three: it lies in the plane of y and z
 *     3DCORECTMesh,    right in the first two; the third cannot read a dataset of two dimensions with them
 *     3DRectMesh
 *     2DRectMesh       right in all three; but servermanager.Fetch of ParaView's Python, which
 *                      fails for any rectilinear grid, gives wrong coordinates and values
 *     2DSMesh          right in all three, and with Fetch
 *
 * So it is 2DSMesh, whose points are written once, to grid.hdf5: compressed, 3 MB for 2048 x 2048 cells. Beyond
 * HEAT_XDMF_POINTS they would take a reader longer than the field itself, and it is 2DRectMesh, of which grid.hdf5
 * holds the edges of the columns and of the rows. */
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
  int64_t count, room; /* of entries */
  int64_t most_points; /* of a mesh of explicit points; 0: HEAT_XDMF_POINTS */
  int64_t end;         /* where the closing tags begin in the file; 0: it is to be written as a whole */
} heat_xdmf;

/* Take up the snapshots that a directory keeps, in ascending order of their steps, and write grid.hdf5, and run.xdmf
 * with them; without any run.xdmf is removed. `entries` is copied. HEAT_IO. */
heat_status heat_xdmf_open(heat_xdmf *xdmf, const heat_xdmf_entry *entries, int64_t count);
void heat_xdmf_close(heat_xdmf *xdmf);

/* Add a snapshot behind the others; one whose step is the last one's takes its place. The file is appended to, so that
 * n snapshots cost n, and is well-formed at every instant, also after a kill and on a full disk. HEAT_IO. */
heat_status heat_xdmf_add(heat_xdmf *xdmf, heat_xdmf_entry entry);

#endif
