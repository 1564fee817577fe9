#include "paint.h"

typedef struct paint_job {
  const heat_problem *problem;
  heat_property property;
  heat_field *field;
  heat_status status;
} paint_job;

static void paint_piece(heat_box piece, const int64_t shift[HEAT_AXES], void *context) {
  paint_job *job = context;
  for (int64_t j = piece.lo[HEAT_Y]; j < piece.hi[HEAT_Y] && job->status.code == HEAT_OK; j++)
    job->status =
        heat_problem_values(job->problem, job->property, j - shift[HEAT_Y], piece.lo[HEAT_X] - shift[HEAT_X],
                            piece.hi[HEAT_X] - shift[HEAT_X], 0, heat_field_at(job->field, piece.lo[HEAT_X], j));
}

heat_status heat_paint_field(const heat_discretisation *from, heat_property property, heat_field *field) {
  const heat_grid *grid = from->grid;
  paint_job job = {from->problem, property, field, heat_ok()};
  heat_layout_images(&grid->layout, grid->domain, heat_grid_grown(grid, grid->owned, field->depth), paint_piece, &job);
  return job.status;
}
