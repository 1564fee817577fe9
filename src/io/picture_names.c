/* The names of regions in a picture. Each is placed in the middle of the part of its region that no later named region
 * covers.
 *
 * The middle is the sample with the most room around it: the smallest of the free lengths to the left and right,
 * relative to half the width of the text, and of those below and above, relative to half its height, is as large as
 * possible. */
#include "heat2d/deck/shape.h"
#include "picture_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double letter = 0.62, height = 1.2; /* mean width of a letter, and height of a line, in em */
static const double size = 0.95;                 /* size of the letters, relative to those around the field */

/* The samples, each with the number, counted from 1, of the region to whose visible part it belongs. */
typedef struct parts {
  const heat_picture *picture;
  int *owner;
  double *across; /* distance to the nearer end, left or right, of the same region, in samples */
} parts;

static const char *name_of(const heat_problem *problem, int region) {
  return heat_config_has(problem->config, "regions.%d.name", region)
             ? heat_config_text(problem->config, "regions.%d.name", region)
             : "";
}

static void find_owners(const parts *p, const heat_problem *problem) {
  const heat_picture *picture = p->picture;
  for (int r = 0; r < problem->region_count; r++) {
    if (name_of(problem, r)[0] == '\0') continue;
    for (int row = 0; row < picture->samples[HEAT_Y]; row++) {
      const double y = heat_problem_centre(problem, HEAT_Y, heat_picture_cell(picture, HEAT_Y, row));
      for (int n = 0; n < picture->samples[HEAT_X]; n++) {
        const double x = heat_problem_centre(problem, HEAT_X, heat_picture_cell(picture, HEAT_X, n));
        if (heat_shape_contains(problem->regions[r].shape, x, y)) p->owner[row * picture->samples[HEAT_X] + n] = r + 1;
      }
    }
  }
}

/* For each sample of a line, find the distance to the nearer end of the consecutive samples of the same region. */
static void measure_line(const int *owner, int count, ptrdiff_t step, double *free) {
  for (int begin = 0, end; begin < count; begin = end) {
    for (end = begin; end < count && owner[end * step] == owner[begin * step]; end++) continue;
    for (int n = begin; n < end; n++) free[n * step] = fmin(n - begin, end - 1 - n) + 0.5;
  }
}

/* Count the letters of a text: the bytes of UTF-8 that are no continuation bytes. */
static int letters(const char *text) {
  enum { GOES_ON = 0x80, MASK = 0xC0 };
  int count = 0;
  for (; *text != '\0'; text++) count += ((unsigned char)*text & MASK) != GOES_ON;
  return count;
}

/* Keep the best place of each name. Of equally good places the one with more room in the other direction is taken, then
 * the first. */
static void place(const parts *p, const double *along, int em, heat_picture_names *names) {
  const heat_picture *picture = p->picture;
  const double width = (double)picture->width / picture->samples[HEAT_X],
               tall = (double)picture->height / picture->samples[HEAT_Y];
  for (int n = 0; n < names->count; n++) {
    heat_picture_name *name = &names->at[n];
    double best = 0, best_other = 0;
    for (int row = 0; row < picture->samples[HEAT_Y]; row++)
      for (int column = 0; column < picture->samples[HEAT_X]; column++) {
        const int at = row * picture->samples[HEAT_X] + column;
        if (p->owner[at] != name->region + 1) continue;
        const double x = p->across[at] * width / (letter * em * letters(name->text)),
                     y = along[at] * tall / (height * em);
        const double found = fmin(x, y), other = fmax(x, y);
        if (found < best || (found == best && other <= best_other)) continue;
        best = found;
        best_other = other;
        name->shown = true;
        name->x = (column + 0.5) / picture->samples[HEAT_X];
        name->y = (row + 0.5) / picture->samples[HEAT_Y];
      }
  }
}

heat_status heat_picture_find_names(const heat_picture *picture, const heat_problem *problem,
                                    heat_picture_names **names) {
  *names = NULL;
  if (picture->bare || !picture->region_names) return heat_ok();
  const size_t samples = (size_t)picture->samples[HEAT_X] * (size_t)picture->samples[HEAT_Y];
  const size_t bytes = sizeof **names + (size_t)problem->region_count * sizeof(heat_picture_name);
  heat_picture_names *found = calloc(1, bytes);
  parts p = {picture, calloc(samples, sizeof *p.owner), malloc(samples * sizeof *p.across)};
  double *along = malloc(samples * sizeof *along);
  heat_status status = heat_ok();
  if (found == NULL || p.owner == NULL || p.across == NULL || along == NULL) {
    status = heat_no_memory("names of regions", bytes + samples * sizeof *along);
  } else {
    find_owners(&p, problem);
    for (int row = 0; row < picture->samples[HEAT_Y]; row++)
      measure_line(p.owner + (ptrdiff_t)row * picture->samples[HEAT_X], picture->samples[HEAT_X], 1,
                   p.across + (ptrdiff_t)row * picture->samples[HEAT_X]);
    for (int column = 0; column < picture->samples[HEAT_X]; column++)
      measure_line(p.owner + column, picture->samples[HEAT_Y], picture->samples[HEAT_X], along + column);
    for (int r = 0; r < problem->region_count; r++)
      if (name_of(problem, r)[0] != '\0')
        found->at[found->count++] = (heat_picture_name){.region = r, .text = name_of(problem, r)};
    place(&p, along, heat_picture_plan(picture).em, found);
    *names = found;
  }
  free(p.owner);
  free(p.across);
  free(along);
  if (*names == NULL) free(found);
  return status;
}

heat_point heat_picture_name_place(const heat_picture_name *name, const heat_picture_layout *plan, int width) {
  const heat_rectangle field = plan->field;
  const double half = fmin(width / 2.0 + 1, field.width / 2.0), rise = fmin(height * plan->em / 2, field.height / 2.0);
  return (heat_point){
      fmin(fmax(field.x + name->x * field.width, field.x + half), field.x + field.width - half),
      fmin(fmax(field.y + (1 - name->y) * field.height, field.y + rise), field.y + field.height - rise)};
}

heat_pen *heat_picture_name_pen(const heat_picture_layout *plan, cairo_t *cairo) {
  return heat_pen_create(cairo, size * plan->em);
}

void heat_picture_write_names(const heat_picture *picture, const heat_picture_layout *plan, cairo_t *cairo) {
  const double halo = 0.35, opaque = 0.8;
  heat_pen *pen = picture->names != NULL ? heat_picture_name_pen(plan, cairo) : NULL;
  for (int n = 0; pen != NULL && n < picture->names->count; n++) {
    const heat_picture_name *name = &picture->names->at[n];
    if (!name->shown) continue;
    const heat_point at = heat_picture_name_place(name, plan, heat_pen_width(pen, name->text));
    cairo_save(cairo);
    cairo_translate(cairo, at.x, at.y);
    heat_pen_outline(pen, name->text);
    cairo_set_source_rgba(cairo, 1, 1, 1, opaque);
    cairo_set_line_width(cairo, halo * plan->em);
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    cairo_stroke_preserve(cairo);
    cairo_set_source_rgb(cairo, 0, 0, 0);
    cairo_fill(cairo);
    cairo_restore(cairo);
  }
  heat_pen_destroy(pen);
}
