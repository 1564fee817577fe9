/* A file with every kind of content, for the tests of shared HDF5 files. Include it after harness.h. */
#ifndef HEAT2D_TESTS_H5_CONTENT_H
#define HEAT2D_TESTS_H5_CONTENT_H

#include "heat2d/io/h5_file.h"
#include "heat2d/io/h5_way.h"

#include "scene.h"

#include <math.h>

enum { NX = 300, NY = 519 }; /* more than one compressed chunk along each axis */
static const char deck[] = "domain: {size: [1, 1], cells: [300, 519]}\nmaterial: {diffusivity: 1}\n"
                           "initial: {temperature: 0}\ntime: {end: 1}\n";
static const char utf8[] = "K\xc3\xa4lte\n\"<&>\"";

/* How a field is written. */
typedef struct way {
  heat_storage storage;
  bool behind;
  int transport;
  int apart; /* one of this many ranks writes; 0: each rank writes */
} way;
static const way ways[] = {{{false, 0}, false, HEAT_TRANSPORT_DIRECT, 0}, {{true, 0}, false, HEAT_TRANSPORT_DIRECT, 0},
                           {{false, 4}, false, HEAT_TRANSPORT_DIRECT, 0}, {{true, 1}, false, HEAT_TRANSPORT_DIRECT, 0},
                           {{false, 0}, true, HEAT_TRANSPORT_DIRECT, 0},  {{false, 0}, false, HEAT_TRANSPORT_MPIO, 0},
                           {{true, 0}, false, HEAT_TRANSPORT_MPIO, 0},    {{false, 4}, false, HEAT_TRANSPORT_MPIO, 0},
                           {{true, 1}, false, HEAT_TRANSPORT_MPIO, 0},    {{false, 0}, true, HEAT_TRANSPORT_MPIO, 0},
                           {{false, 0}, false, HEAT_TRANSPORT_DIRECT, 2}, {{true, 1}, false, HEAT_TRANSPORT_DIRECT, 3},
                           {{false, 0}, true, HEAT_TRANSPORT_DIRECT, 2}};

static inline void poison(heat_field *field) {
  const heat_box owned = field->owned;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) *heat_field_at(field, i, j) = NAN;
}

/* Write every kind of content. With `fault` this rank reports a failure of its own before the commit. */
static inline heat_status write_all(rig *made, const char *path, way how, bool fault) {
  const int64_t step = INT64_MAX - 1, list[] = {1, -2, INT64_MIN};
  const heat_grid *grid = &made->grid;
  heat_field *field = heat_stepper_solution(&made->stepper);
  number_cells(field);
  const bool gives = grid->owned.lo[HEAT_Y] == 0;
  const int64_t lo = grid->owned.lo[HEAT_X], count = gives ? heat_box_width(grid->owned, HEAT_X) : 0;
  double row[NX];
  for (int64_t n = 0; n < count; n++) row[n] = cell_number(lo + n, 77);
  heat_h5 out;
  heat_h5_way by = heat_h5_way_of(how.transport);
  if (how.apart > 0) assert_int_equal(heat_h5_way_thin(&by, grid->comm, how.apart).code, HEAT_OK);
  heat_h5_begin(&out, grid, path, &by);
  if (out.status.code == HEAT_OK)
    assert_true(everywhere((out.raw >= 0) == (how.apart == 0 || grid->rank % how.apart == 0)));
  heat_h5_set_text(&out, "/", "text", utf8);
  heat_h5_set_text(&out, "/", "empty", "");
  heat_h5_set_real(&out, "/", "real", 1.0 / 3.0);
  heat_h5_set_integer(&out, "/", "integer", step);
  heat_h5_set_integers(&out, "/", "list", list, 3);
  if (how.behind) {
    heat_h5_write_field_behind(&out, "temperature", field);
    poison(field); /* the field has been copied, and may be changed */
  } else {
    heat_h5_write_field(&out, "temperature", field, how.storage);
  }
  heat_h5_set_text(&out, "temperature", "units", "K");
  heat_h5_write_vector(&out, "x", NX, lo, count, row);
  heat_h5_attach_scale(&out, "temperature", "x", 1);
  if (fault) out.status = heat_fail(HEAT_IO, "a fault of its own");
  const heat_status status = heat_h5_commit(&out);
  heat_h5_way_destroy(&by);
  return status;
}

/* Verify a file. The outcome has to be the same whether each rank opens the file or all do so through MPI-IO. */
static inline heat_status verify_both(const char *path) {
  const heat_h5_way together = heat_h5_way_of(HEAT_TRANSPORT_MPIO);
  const heat_status alone = heat_h5_verify(MPI_COMM_WORLD, path, NULL);
  const heat_status all = heat_h5_verify(MPI_COMM_WORLD, path, &together);
  assert_int_equal(alone.code, all.code);
  assert_string_equal(alone.text, all.text);
  return alone;
}

#endif
