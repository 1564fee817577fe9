#include "paint.h"

typedef struct paint_job {
  const heat_discretisation *from;
  heat_property property;
  heat_field *field;
  heat_status status;
} paint_job;

/* Evaluate a piece of some rows; all threads take pieces. If several pieces fail, the failure of the lowest rows is
 * kept. */
static void paint_piece(heat_box piece, const int64_t shift[HEAT_AXES], void *context) {
  enum { ROWS = 64 };
  paint_job *job = context;
  const bool threads = job->from->threads > 1 && !heat_problem_from_file(job->from->problem, job->property);
  int64_t failed = piece.hi[HEAT_Y];
  if (job->status.code != HEAT_OK) return;
#pragma omp parallel for schedule(static) num_threads(job->from->threads) if (threads)
  for (int64_t j = piece.lo[HEAT_Y]; j < piece.hi[HEAT_Y]; j += ROWS) {
    const int64_t end = j + ROWS < piece.hi[HEAT_Y] ? j + ROWS : piece.hi[HEAT_Y];
    const heat_patch patch = {{piece.lo[HEAT_X] - shift[HEAT_X], j - shift[HEAT_Y]},
                              {piece.hi[HEAT_X] - shift[HEAT_X], end - shift[HEAT_Y]},
                              0,
                              job->field->stride};
    const heat_status status =
        heat_problem_patch(job->from->problem, job->property, &patch, heat_field_at(job->field, piece.lo[HEAT_X], j));
    if (status.code == HEAT_OK) continue;
#pragma omp critical(heat_paint)
    if (j < failed) {
      failed = j;
      job->status = status;
    }
  }
}

heat_status heat_paint_field(const heat_discretisation *from, heat_property property, heat_field *field) {
  const heat_grid *grid = from->grid;
  paint_job job = {from, property, field, heat_ok()};
  heat_layout_images(&grid->layout, grid->domain, heat_grid_grown(grid, grid->owned, field->depth), paint_piece, &job);
  return job.status;
}

heat_status heat_paint_owned(const heat_discretisation *from, heat_property property, heat_field *field) {
  const int64_t shift[HEAT_AXES] = {0, 0};
  paint_job job = {from, property, field, heat_ok()};
  paint_piece(from->grid->owned, shift, &job);
  return job.status;
}
