/* Checkpoints: the whole state is read back with the same bits on any layout; the newest intact one is found; older
 * ones are removed only after a newer one has its final name. */
#include "heat2d/io/checkpoint.h"

#include "heat2d/io/h5_verify.h"
#include "heat2d/io/transport_mpio.h"

#include "harness.h"
#include "scene.h"

#include <math.h>

enum { NX = 23, NY = 17, STEPS = 9 };
static const char deck[] =
    "domain: {size: [1, 1], cells: [23, 17]}\nmaterial: {diffusivity: '1 + x'}\n"
    "initial: {temperature: 'sin(3*x) + y'}\nsource: 'x*y + t'\n"
    "boundary: {left: {type: dirichlet, value: 't'}, top: {type: robin, coefficient: 2, ambient: 1}}\n"
    "time: {end: 1}\n";

static const heat_h5_way together = {.transport = &heat_transport_mpio, .hints = MPI_INFO_NULL};

static heat_status save_state(rig *made, const heat_state *state, int64_t keep) {
  heat_h5 out;
  const heat_checkpoint_place place = {.directory = ".",
                                       .deck = deck,
                                       .parent = "before.h5",
                                       .behind = state->step % 2 == 0,
                                       .way = state->step % 2 == 0 ? NULL : &together};
  heat_checkpoint_begin(&out, &place, &made->stepper, state);
  return heat_checkpoint_end(&out, ".", state->step, keep, -1);
}

static heat_status save(rig *made, int64_t step, int64_t keep) {
  const heat_state state = {.step = step,
                            .time = 1.0 / 3.0 * (double)step,
                            .dt = 1.0 / 3.0,
                            .anchor_time = 0.1,
                            .anchor_step = step / 2,
                            .energy_start = -2.0 / 3.0,
                            .size_start = 2.5,
                            .low_start = -1.0 / 3.0,
                            .high_start = 1e300,
                            .outputs_pending = step % 2 == 0,
                            .steady = step % 2 == 0,
                            .truncated_step = step % 2 == 1};
  return save_state(made, &state, keep);
}

static void advance(rig *made) {
  const heat_clock clock = heat_clock_create(0, 0, 0.5 * heat_stepper_limit(&made->stepper), 1);
  assert_int_equal(heat_stepper_advance(&made->stepper, &clock, 0, STEPS).code, HEAT_OK);
}

/* Whether this rank's cells are those of a run on one rank. */
static bool same_cells(rig *made, rig *alone) {
  const heat_field *field = heat_stepper_solution(&made->stepper), *whole = heat_stepper_solution(&alone->stepper);
  bool same = true;
  for (int64_t j = field->owned.lo[HEAT_Y]; j < field->owned.hi[HEAT_Y]; j++)
    for (int64_t i = field->owned.lo[HEAT_X]; i < field->owned.hi[HEAT_X]; i++)
      same = same && memcmp(heat_field_at(field, i, j), heat_field_at(whole, i, j), sizeof(double)) == 0;
  return same;
}

static void the_state_comes_back_on_any_layout(void **state) {
  (void)state;
  rig writer, reader, alone;
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const int tall[HEAT_AXES] = {1, size}, wide[HEAT_AXES] = {size, 1};
  open_rig(&writer, (rig_setting){.deck = deck, .ranks = tall});
  open_rig(&alone, (rig_setting){.deck = deck, .alone = true});
  advance(&writer);
  advance(&alone);
  assert_int_equal(save(&writer, STEPS, 2).code, HEAT_OK);
  open_rig(&reader, (rig_setting){.deck = deck, .ranks = wide});
  advance(&reader); /* nothing of an earlier state may remain */
  assert_int_equal(heat_checkpoint_read(&together, "./checkpoint-0000000009.h5", &reader.stepper, false).code, HEAT_OK);
  assert_true(everywhere(same_cells(&reader, &alone)));
  advance(&reader);
  assert_int_equal(heat_checkpoint_read(NULL, "./checkpoint-0000000009.h5", &reader.stepper, false).code, HEAT_OK);
  assert_int_equal(heat_stepper_solution(&reader.stepper)->valid, 0);
  assert_true(everywhere(same_cells(&reader, &alone)));
  const double walls[] = {heat_ledger_wall_heat(&reader.op.ledger), heat_ledger_wall_heat(&alone.op.ledger)};
  const double sources[] = {heat_ledger_source_heat(&reader.op.ledger), heat_ledger_source_heat(&alone.op.ledger)};
  assert_true(everywhere(memcmp(&walls[0], &walls[1], sizeof(double)) == 0 && walls[0] != 0));
  assert_true(everywhere(memcmp(&sources[0], &sources[1], sizeof(double)) == 0 && sources[0] != 0));
  close_rig(&reader);
  close_rig(&alone);
  close_rig(&writer);
}

static void numbers_and_deck_come_back(void **state) {
  (void)state;
  rig made;
  heat_state back;
  char *text, path[HEAT_PATH];
  open_rig(&made, (rig_setting){.deck = deck});
  for (int64_t step = 3000000000; step < 3000000002; step++) {
    assert_int_equal(save(&made, step, 2).code, HEAT_OK);
    heat_checkpoint_name(path, ".", step);
    assert_int_equal(
        heat_checkpoint_read_state(MPI_COMM_WORLD, step % 2 == 0 ? &together : NULL, path, &back, &text).code, HEAT_OK);
    assert_true(back.step == step && back.time == 1.0 / 3.0 * (double)step && back.dt == 1.0 / 3.0);
    assert_true(back.anchor_time == 0.1 && back.anchor_step == step / 2 && back.energy_start == -2.0 / 3.0);
    assert_true(back.size_start == 2.5 && back.low_start == -1.0 / 3.0 && back.high_start == 1e300);
    assert_int_equal(back.truncated_step, step % 2 == 1);
    assert_int_equal(back.outputs_pending, step % 2 == 0);
    assert_int_equal(back.steady, step % 2 == 0);
    assert_string_equal(text, deck);
    free(text);
  }
  close_rig(&made);
}

/* The digest is right, but the state is not one from which a run can be resumed. */
static void a_state_that_no_run_has_is_refused(void **state) {
  (void)state;
  static const heat_state states[] = {{.step = 7, .time = NAN, .dt = 1},
                                      {.step = 7, .time = 7, .dt = NAN},
                                      {.step = 7, .time = 7, .dt = -1},
                                      {.step = 7, .time = 7, .dt = 0, .truncated_step = true},
                                      {.step = 7, .time = INFINITY, .dt = 1},
                                      {.step = 7, .time = 7, .dt = 1, .anchor_step = 8},
                                      {.step = 7, .time = 7, .dt = 1, .anchor_step = INT64_MIN},
                                      {.step = 7, .time = 7, .dt = 1, .anchor_time = -INFINITY},
                                      {.step = 7, .time = 7, .dt = 1, .anchor_time = 8},
                                      {.step = INT64_MAX / 2, .time = 7, .dt = 1},
                                      {.step = 7, .time = 7, .dt = 1, .energy_start = NAN}};
  rig made;
  open_rig(&made, (rig_setting){.deck = deck});
  for (size_t n = 0; n < sizeof states / sizeof *states; n++) {
    char path[HEAT_PATH], *text;
    heat_state back;
    assert_int_equal(save_state(&made, &states[n], 2).code, HEAT_OK);
    heat_checkpoint_name(path, ".", states[n].step);
    assert_int_equal(heat_h5_verify(MPI_COMM_WORLD, path, &together).code, HEAT_OK);
    const heat_status status = heat_checkpoint_read_state(MPI_COMM_WORLD, &together, path, &back, &text);
    free(text);
    assert_int_equal(status.code, HEAT_IO);
    assert_non_null(strstr(status.text, "is not a possible state of a run"));
  }
  close_rig(&made);
}

/* Attributes that checkpoints of earlier versions do not have. */
static void attributes_of_later_versions_may_be_missing(void **state) {
  (void)state;
  static const char *const later[] = {"size_start", "low_start", "high_start", "steady", "outputs_owed"};
  rig made;
  heat_state back;
  char *text;
  open_rig(&made, (rig_setting){.deck = deck});
  assert_int_equal(save(&made, 10, 2).code, HEAT_OK);
  if (made.grid.rank == 0) {
    const hid_t file = H5Fopen("checkpoint-0000000010.h5", H5F_ACC_RDWR, H5P_DEFAULT);
    for (size_t n = 0; n < sizeof later / sizeof *later; n++) assert_true(H5Adelete(file, later[n]) >= 0);
    H5Fclose(file);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  assert_int_equal(heat_checkpoint_read_state(MPI_COMM_WORLD, NULL, "checkpoint-0000000010.h5", &back, &text).code,
                   HEAT_OK);
  assert_true(back.size_start == 2.0 / 3.0 && isnan(back.low_start) && isnan(back.high_start));
  assert_false(back.steady || back.outputs_pending);
  free(text);
  MPI_Barrier(MPI_COMM_WORLD);
  if (made.grid.rank == 0) {
    const hid_t file = H5Fopen("checkpoint-0000000010.h5", H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(H5Adelete(file, "anchor_step") >= 0);
    H5Fclose(file);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  const heat_status status = heat_checkpoint_read_state(MPI_COMM_WORLD, NULL, "checkpoint-0000000010.h5", &back, &text);
  assert_int_equal(status.code, HEAT_IO);
  assert_non_null(strstr(status.text, "anchor_step"));
  close_rig(&made);
}

static void assert_kept(const int64_t *steps, int count) {
  char path[HEAT_PATH];
  for (int64_t step = 0; step <= 50; step++) {
    bool wanted = false;
    for (int n = 0; n < count; n++) wanted = wanted || steps[n] == step;
    heat_checkpoint_name(path, ".", step);
    if (there(path) != wanted) print_error("checkpoint %d\n", (int)step);
    assert_int_equal(there(path), wanted);
  }
}

static void the_newest_are_kept_and_later_ones_are_given_up(void **state) {
  (void)state;
  rig made;
  open_rig(&made, (rig_setting){.deck = deck});
  for (int64_t step = 10; step <= 40; step += 10) assert_int_equal(save(&made, step, 3).code, HEAT_OK);
  assert_kept((const int64_t[]){20, 30, 40}, 3);
  assert_int_equal(save(&made, 25, 2).code, HEAT_OK); /* after a resume from 20, 30 and 40 belong to an abandoned run */
  assert_kept((const int64_t[]){20, 25}, 2);
  assert_int_equal(save(&made, 25, 2).code, HEAT_OK);
  assert_kept((const int64_t[]){20, 25}, 2);
  assert_int_equal(save(&made, 50, 1).code, HEAT_OK);
  assert_kept((const int64_t[]){50}, 1);
  close_rig(&made);
}

/* Whatever checkpoint.keep is, the checkpoint that was just written is kept, and so are the one that --resume names and
 * files that are no checkpoints. */
static void the_newest_stays_whatever_is_asked_for(void **state) {
  (void)state;
  static const int64_t numbers[] = {0, -1, 4294967296, -4294967296, INT64_MIN, INT64_MAX, 1};
  rig made;
  open_rig(&made, (rig_setting){.deck = deck});
  for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++) {
    assert_int_equal(save(&made, 10, 1).code, HEAT_OK);
    assert_int_equal(save(&made, 20, numbers[n]).code, HEAT_OK);
    assert_kept((const int64_t[]){20, 10}, numbers[n] > 1 ? 2 : 1);
  }
  assert_int_equal(save(&made, 10, 9).code, HEAT_OK);
  assert_int_equal(save(&made, 20, 9).code, HEAT_OK);
  assert_int_equal(save(&made, 30, 9).code, HEAT_OK);
  write_file("checkpoint-0000000005.h5", "mine");
  if (made.grid.rank == 0) assert_int_equal(heat_checkpoint_prune(".", 30, 1, 10).code, HEAT_OK);
  MPI_Barrier(MPI_COMM_WORLD);
  assert_kept((const int64_t[]){5, 10, 30}, 3);
  close_rig(&made);
}

/* A checkpoint of another grid. */
static const char other_deck[] = "domain: {size: [1, 1], cells: [24, 17]}\nmaterial: {diffusivity: 1}\n"
                                 "initial: {temperature: 0}\ntime: {end: 1}\n";

static void a_field_of_another_shape_is_refused(void **state) {
  (void)state;
  rig made, other;
  open_rig(&made, (rig_setting){.deck = deck});
  open_rig(&other, (rig_setting){.deck = other_deck});
  assert_int_equal(save(&other, 10, 1).code, HEAT_OK);
  const heat_status status = heat_checkpoint_read(NULL, "./checkpoint-0000000010.h5", &made.stepper, false);
  assert_int_equal(status.code, HEAT_IO);
  assert_non_null(strstr(status.text, "24 x 17"));
  close_rig(&other);
  close_rig(&made);
}

/* A field that is in no checkpoint, so that one can see which checkpoint was read. */
static void blank(rig *made) {
  heat_field *field = heat_stepper_solution(&made->stepper);
  for (int64_t j = field->owned.lo[HEAT_Y]; j < field->owned.hi[HEAT_Y]; j++)
    for (int64_t i = field->owned.lo[HEAT_X]; i < field->owned.hi[HEAT_X]; i++) *heat_field_at(field, i, j) = NAN;
}

static bool holds(rig *made, double value) {
  const heat_field *field = heat_stepper_solution(&made->stepper);
  bool same = true;
  for (int64_t j = field->owned.lo[HEAT_Y]; j < field->owned.hi[HEAT_Y]; j++)
    for (int64_t i = field->owned.lo[HEAT_X]; i < field->owned.hi[HEAT_X]; i++)
      same = same && *heat_field_at(field, i, j) == value + cell_number(i, j);
  return everywhere(same);
}

/* Save a field that differs from those of other steps. */
static heat_status save_numbered(rig *made, int64_t step, int64_t keep) {
  heat_field *field = heat_stepper_solution(&made->stepper);
  for (int64_t j = field->owned.lo[HEAT_Y]; j < field->owned.hi[HEAT_Y]; j++)
    for (int64_t i = field->owned.lo[HEAT_X]; i < field->owned.hi[HEAT_X]; i++)
      *heat_field_at(field, i, j) = (double)step + cell_number(i, j);
  return save(made, step, keep);
}

static heat_status find(rig *made, const heat_h5_way *way, int64_t before, char path[HEAT_PATH], bool *filled) {
  const heat_checkpoint_search search = {
      .runtime = &made->runtime, .way = way, .directory = ".", .before = before, .stepper = &made->stepper};
  return heat_checkpoint_newest(&search, path, filled);
}

/* Assert that the checkpoint of that step (0: none) is found by both ways, and that its field is read at the same
 * time. */
static void assert_newest(rig *made, int64_t before, int64_t step) {
  char path[HEAT_PATH], expected[HEAT_PATH] = "";
  if (step > 0) heat_checkpoint_name(expected, ".", step);
  for (int way = 0; way < 2; way++) {
    bool filled = false;
    blank(made);
    snprintf(path, sizeof path, "unset");
    assert_int_equal(find(made, way == 0 ? &together : NULL, before, path, &filled).code, HEAT_OK);
    assert_string_equal(path, expected);
    assert_true(filled == (step > 0));
    assert_true(step == 0 || holds(made, (double)step));
  }
}

/* A checkpoint of another grid is intact, too. No rank takes the field for read if the file is damaged, or if one rank
 * cannot read it. */
static void a_field_is_filled_only_from_its_own_grid(void **state) {
  (void)state;
  rig made, other;
  open_rig(&made, (rig_setting){.deck = deck});
  open_rig(&other, (rig_setting){.deck = other_deck});
  assert_int_equal(save_numbered(&other, 10, 1).code, HEAT_OK);
  for (int way = 0; way < 2; way++) {
    bool filled = true;
    char path[HEAT_PATH];
    const bool last = made.grid.rank == made.grid.size - 1;
    heat_checkpoint_name(path, ".", 10);
    assert_int_equal(heat_checkpoint_verify(way == 0 ? NULL : &together, path, &made.stepper, &filled).code, HEAT_OK);
    assert_false(filled);
    change_byte("checkpoint-0000000010.h5", place_of("checkpoint-0000000010.h5", "temperature"));
    assert_int_equal(heat_checkpoint_verify(way == 0 ? NULL : &together, path, &other.stepper, &filled).code, HEAT_IO);
    assert_false(filled);
    change_byte("checkpoint-0000000010.h5", place_of("checkpoint-0000000010.h5", "temperature"));
    if (last) heat_checkpoint_name(path, ".", 11);
    assert_int_equal(heat_checkpoint_verify(way == 0 ? NULL : &together, path, &other.stepper, &filled).code, HEAT_IO);
    assert_false(filled);
  }
  close_rig(&other);
  close_rig(&made);
}

static void the_newest_whole_one_is_found(void **state) {
  (void)state;
  rig made;
  char path[HEAT_PATH];
  open_rig(&made, (rig_setting){.deck = deck});
  bool filled;
  assert_newest(&made, INT64_MAX, 0);
  for (int64_t step = 10; step <= 30; step += 10) assert_int_equal(save_numbered(&made, step, 3).code, HEAT_OK);
  assert_newest(&made, INT64_MAX, 30);
  assert_newest(&made, 30, 20);
  assert_newest(&made, 10, 0);
  write_file("checkpoint-0000000040.h5", "nonsense");
  change_byte("checkpoint-0000000030.h5", place_of("checkpoint-0000000030.h5", "temperature"));
  assert_newest(&made, INT64_MAX, 20);
  change_byte("checkpoint-0000000020.h5", place_of("checkpoint-0000000020.h5", "wall_heat_left"));
  assert_newest(&made, INT64_MAX, 10);
  write_file("checkpoint-0000000010.h5", "");
  assert_int_equal(find(&made, NULL, INT64_MAX, path, &filled).code, HEAT_IO);
  assert_false(filled);
  const heat_checkpoint_search nowhere = {
      .runtime = &made.runtime, .directory = "nowhere", .before = INT64_MAX, .stepper = &made.stepper};
  assert_int_equal(heat_checkpoint_newest(&nowhere, path, &filled).code, HEAT_OK);
  assert_string_equal(path, "");
  close_rig(&made);
}

static void a_checkpoint_that_cannot_be_written_leaves_the_others(void **state) {
  (void)state;
  rig made;
  open_rig(&made, (rig_setting){.deck = deck});
  assert_int_equal(save(&made, 10, 1).code, HEAT_OK);
  if (made.grid.rank == 0) assert_int_equal(mkdir("checkpoint-0000000020.h5", 0777), 0);
  write_file("checkpoint-0000000020.h5/inside", "");
  assert_int_equal(save(&made, 20, 1).code, HEAT_IO);
  assert_true(there("checkpoint-0000000010.h5"));
  assert_false(there("checkpoint-0000000020.h5.partial"));
  assert_int_equal(heat_h5_verify(MPI_COMM_WORLD, "checkpoint-0000000010.h5", NULL).code, HEAT_OK);
  close_rig(&made);
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter_place, leave_place)
  const struct CMUnitTest tests[] = {LAW(the_state_comes_back_on_any_layout),
                                     LAW(numbers_and_deck_come_back),
                                     LAW(a_state_that_no_run_has_is_refused),
                                     LAW(attributes_of_later_versions_may_be_missing),
                                     LAW(the_newest_are_kept_and_later_ones_are_given_up),
                                     LAW(the_newest_stays_whatever_is_asked_for),
                                     LAW(a_field_of_another_shape_is_refused),
                                     LAW(a_field_is_filled_only_from_its_own_grid),
                                     LAW(the_newest_whole_one_is_found),
                                     LAW(a_checkpoint_that_cannot_be_written_leaves_the_others)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
