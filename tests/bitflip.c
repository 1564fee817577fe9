/* Flips bits of a checkpoint, one at a time. Each flip must be detected by the verification, or leave the state that is
 * read identical. Every second file is read through MPI-IO.
 *
 *     bitflip FILE [COUNT [SEED]]     COUNT flips at random places; without it every bit of the file
 *
 * Prints one line with both counts; exit code 0 when no flip went unnoticed. */
#include "heat2d/base/launch.h"
#include "heat2d/io/checkpoint.h"
#include "heat2d/io/h5_way.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct whole_state {
  heat_state state;
  char *deck;
  int64_t rows, columns;
  double *field;
  double *walls[HEAT_SIDES];
  int64_t source[HEAT_SUM_DIGITS];
} whole_state;

static void forget(whole_state *whole) {
  free(whole->deck);
  free(whole->field);
  for (int side = 0; side < HEAT_SIDES; side++) free(whole->walls[side]);
  *whole = (whole_state){0};
}

/* Everything that a resumed run takes from a checkpoint. */
static heat_status read_all(const char *path, whole_state *whole) {
  *whole = (whole_state){0};
  heat_status status = heat_checkpoint_read_state(MPI_COMM_SELF, NULL, path, &whole->state, &whole->deck);
  hid_t file = H5I_INVALID_HID;
  if (status.code == HEAT_OK) status = heat_h5_open(&file, path);
  if (status.code == HEAT_OK) status = heat_h5_shape(file, "temperature", &whole->rows, &whole->columns);
  if (status.code == HEAT_OK) {
    whole->field = malloc((size_t)(whole->rows * whole->columns) * sizeof(double));
    const heat_box box = {{0, 0}, {whole->columns, whole->rows}};
    status = heat_h5_read_box(file, "temperature", box, whole->field);
  }
  for (int side = 0; side < HEAT_SIDES && status.code == HEAT_OK; side++) {
    char name[64];
    snprintf(name, sizeof name, "wall_heat_%s", heat_side_names[side]);
    const int64_t length = side / 2 == HEAT_X ? whole->rows : whole->columns;
    whole->walls[side] = calloc((size_t)length, sizeof(double));
    status = heat_h5_read_vector(file, name, 0, length, whole->walls[side]);
  }
  if (status.code == HEAT_OK) status = heat_h5_get_integers(file, "source_heat", whole->source, HEAT_SUM_DIGITS);
  if (file >= 0) H5Fclose(file);
  return status;
}

static bool same(const whole_state *a, const whole_state *b) {
  bool equal = a->rows == b->rows && a->columns == b->columns && strcmp(a->deck, b->deck) == 0 &&
               a->state.step == b->state.step && a->state.anchor_step == b->state.anchor_step &&
               a->state.truncated_step == b->state.truncated_step;
  equal = equal && memcmp(&a->state.time, &b->state.time, sizeof(double)) == 0 &&
          memcmp(&a->state.dt, &b->state.dt, sizeof(double)) == 0 &&
          memcmp(&a->state.anchor_time, &b->state.anchor_time, sizeof(double)) == 0 &&
          memcmp(&a->state.energy_start, &b->state.energy_start, sizeof(double)) == 0 &&
          memcmp(a->source, b->source, sizeof a->source) == 0;
  equal = equal && memcmp(a->field, b->field, (size_t)(a->rows * a->columns) * sizeof(double)) == 0;
  for (int side = 0; side < HEAT_SIDES && equal; side++)
    equal = memcmp(a->walls[side], b->walls[side],
                   (size_t)(side / 2 == HEAT_X ? a->rows : a->columns) * sizeof(double)) == 0;
  return equal;
}

static uint64_t next_random(uint64_t *seed) {
  /* xorshift64* (Vigna 2016) */
  *seed ^= *seed >> 12;
  *seed ^= *seed << 25;
  *seed ^= *seed >> 27;
  return *seed * UINT64_C(2685821657736338717);
}

static void flip(FILE *file, int64_t bit) {
  enum { BITS = 8 };
  fseek(file, (long)(bit / BITS), SEEK_SET);
  const int byte = fgetc(file) ^ (1 << (bit % BITS));
  fseek(file, (long)(bit / BITS), SEEK_SET);
  fputc(byte, file);
  fflush(file);
}

int main(int argc, char **argv) {
  heat_launch(&argc, &argv);
  H5Eset_auto(H5E_DEFAULT, NULL, NULL);
  whole_state good, now = {0};
  FILE *file = argc > 1 ? fopen(argv[1], "r+b") : NULL;
  if (file == NULL || heat_h5_verify(MPI_COMM_SELF, argv[1], NULL).code != HEAT_OK ||
      read_all(argv[1], &good).code != HEAT_OK) {
    fprintf(stderr, "usage: bitflip CHECKPOINT [COUNT [SEED]]\n");
    MPI_Abort(MPI_COMM_WORLD, HEAT_USAGE);
  }
  fseek(file, 0, SEEK_END);
  const int64_t bits = (int64_t)ftell(file) * 8;
  const bool all = argc <= 2;
  const int64_t count = all ? bits : strtoll(argv[2], NULL, 10);
  uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) | 1 : 1;
  int64_t detected = 0, irrelevant = 0, unnoticed = 0;
  for (int64_t n = 0; n < count; n++) {
    const int64_t bit = all ? n : (int64_t)(next_random(&seed) % (uint64_t)bits);
    flip(file, bit);
    const heat_h5_way way = heat_h5_way_of(n % 2 != 0 ? HEAT_TRANSPORT_MPIO : HEAT_TRANSPORT_DIRECT);
    if (heat_h5_verify(MPI_COMM_SELF, argv[1], &way).code != HEAT_OK) {
      detected++;
    } else if (read_all(argv[1], &now).code == HEAT_OK && same(&good, &now)) {
      irrelevant++;
    } else {
      unnoticed++;
      printf("unnoticed: byte %lld bit %lld\n", (long long)(bit / 8), (long long)(bit % 8));
    }
    forget(&now);
    flip(file, bit);
  }
  fclose(file);
  forget(&good);
  printf("%lld flips: %lld detected, %lld irrelevant, %lld unnoticed\n", (long long)count, (long long)detected,
         (long long)irrelevant, (long long)unnoticed);
  MPI_Finalize();
  return unnoticed == 0 ? 0 : 1;
}
